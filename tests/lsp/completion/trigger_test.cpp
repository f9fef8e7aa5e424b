#include "lsp/completion/trigger.h"

#include "support/catch.h"
#include "support/cursor.h"

using lsp::Invocation;

namespace {

std::string classified(std::string_view marked, std::string_view language = "cpp", Invocation invocation = Invocation::Automatic) {
  const auto [text, cursor] = tests::at_cursor(marked);
  const auto trigger = lsp::classify(text, lsp::look_around(text, cursor, language), invocation, {});
  return !trigger.wanted ? "none" : trigger.block ? "block" : "line";
}

void check(std::string_view marked, std::string_view expected, std::string_view language = "cpp") {
  INFO(marked);
  CHECK(classified(marked, language) == expected);
}

std::string opener(std::string_view marked, std::string_view language = "cpp") {
  const auto [text, cursor] = tests::at_cursor(marked);
  return std::string(lsp::opener_of(lsp::look_around(text, cursor, language)));
}

}  // namespace

TEST_CASE("a suggestion is tried where the line can go on") {
  check("int total = |", "line");
  check("int total = su|", "line");
  check("print(val|)", "line");
  check("print(\"val|\");", "line");
  check("call(a, |]})", "line");
  check("if (x|) {", "line");
}

TEST_CASE("not in front of code, behind a finished statement, in an empty file") {
  check("int |total = 1;", "none");
  check("to|tal += x;", "none");
  check("return value;|", "none");
  check("namespace a {}|", "none");
  check("for (int i = 0;|)", "line");
  check("|", "none");
  check("\n\n  |\n", "none");
  check("x|", "none");
}

TEST_CASE("whatever is there, a suggestion that was asked for is tried, over several lines") {
  for (const auto* marked : {"|", "  |total = 1;", "return value;|", "foo(|)"}) CHECK(classified(marked, "cpp", Invocation::Explicit) == "block");
  // In the middle of code, over no more than that line.
  for (const auto* marked : {"int |total = 1;", "foo(|bar)"}) CHECK(classified(marked, "cpp", Invocation::Explicit) == "line");
  lsp::CompletionSettings off;
  off.enabled = false;
  CHECK_FALSE(lsp::classify("some text", lsp::look_around("some text", 9, ""), Invocation::Explicit, off).wanted);
}

TEST_CASE("several lines are suggested where a block begins or the line is empty") {
  check("void f() {|", "block");
  check("void f() {|}", "block");
  check("void f() {\n  |\n}", "block");
  check("int a = 1;\n|\nint b;", "block");
  check("def f(x):|", "block", "python");
  check("def f(x):\n    |", "block", "python");
  check("d = {'a': |", "line", "python");
  check("values[1:|", "line", "python");
  check("name:|", "block", "yaml");
  check("if x then|", "block", "lua");
  check("// and then|", "line", "cpp");
  check("double variance(|", "line");
  check("for (int value : |", "line");
  check("values = [\n    |", "block", "python");
}

TEST_CASE("the opener of a block is the cursor's line, or the line above a blank one") {
  CHECK(opener("void f() {|") == "void f() {");
  CHECK(opener("void f() {\n\n  |\n}") == "void f() {");
  CHECK(opener("int a;\n|") == "");
  CHECK(opener("f(|\n") == "");
  CHECK(opener("f(\n  |\n") == "f(");
  CHECK(opener("|\nvoid f() {") == "");
}

TEST_CASE("with an item chosen in the popup the line goes on behind it") {
  const std::string text = "console.";
  const auto with = [&](std::string item) { return lsp::look_around(text, 8, "javascript", lsp::Replacement{7, 8, item}); };
  const auto good = with(".log");
  CHECK(good.typed == "console.log");
  CHECK(lsp::classify(text, good, Invocation::Automatic, {}).wanted);
  CHECK_FALSE(lsp::classify(text, good, Invocation::Automatic, {}).block);
  CHECK_FALSE(lsp::classify(text, with(".log()"), Invocation::Automatic, {}).wanted);
}

TEST_CASE("a chosen item that is not around the cursor on its line is ignored") {
  const std::string text = "first\nconsole.x";
  for (const auto& item : {lsp::Replacement{0, 3, "fir"}, lsp::Replacement{3, 10, "a"}, lsp::Replacement{6, 8, "co"},
                           lsp::Replacement{6, 14, "con\nsole"}, lsp::Replacement{12, 14, ""}, lsp::Replacement{900, 1000, "x"}}) {
    const auto around = lsp::look_around(text, 14, "", item);
    CHECK_FALSE(around.selected);
    CHECK(around.typed == "console.");
  }
}

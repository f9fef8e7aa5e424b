#include "lsp/completion/post/balance_brackets.h"
#include "lsp/completion/post/brackets.h"
#include "lsp/completion/post/clean_text.h"
#include "lsp/completion/post/drop_suffix_overlap.h"
#include "lsp/completion/post/join_rest.h"
#include "lsp/completion/post/reindent.h"
#include "lsp/completion/post/reject_noise.h"
#include "support/catch.h"
#include "support/cursor.h"

namespace {

// `document` must outlive the surroundings: they look into it.
struct Around {
  explicit Around(std::string_view marked, std::string_view language = "cpp")
      : at(tests::at_cursor(marked)), around(lsp::look_around(at.text, at.cursor, language)) {}
  tests::AtCursor at;
  lsp::Surroundings around;
};

std::string closers(std::string_view code, char quote = 0) {
  std::string marks;
  for (const auto& closer : lsp::scan_brackets(code, quote).closers) marks += closer.mark;
  return marks;
}

std::string joined(std::string_view typed, std::string_view text, std::string_view rest) {
  const auto out = lsp::join_rest({.text = text, .typed = typed, .rest = rest});
  return out.text.substr(0, out.text.size() - out.kept) + "|" + out.text.substr(out.text.size() - out.kept);
}

std::string balanced(std::string_view document, std::string_view text) { return lsp::balance_brackets(text, Around(document).around); }

std::string reindented(std::string_view document, std::string_view text, std::string_view language = "python") {
  return lsp::reindent(text, Around(document, language).around);
}

std::string without_overlap(std::string_view text, std::vector<std::string_view> below) { return lsp::drop_suffix_overlap(text, below); }

std::string noise(std::string_view document, std::string_view text, bool asked_for = false) {
  return std::string(lsp::noise_in(text, Around(document).around, asked_for));
}

}  // namespace

TEST_CASE("brackets: what a piece of code closes and leaves open") {
  CHECK(closers("a)") == ")");
  CHECK(closers("f(a)") == "");
  CHECK(closers("a]) + g(b)}") == "])}");
  CHECK(closers("\")\" + x)") == ")");
  CHECK(closers("lo\")", '"') == "\")");
  CHECK(closers("lo\\\" \")", '"') == "\")");
  CHECK(closers("don't) x 'a)'") == ")");
  CHECK(closers("&'a str, 'b)") == "");  // a guess that errs towards leaving text alone
  CHECK(lsp::scan_brackets("f([a, {").open == ")]}");
  CHECK(lsp::scan_brackets("print('hel").quote == '\'');
  CHECK(lsp::scan_brackets("x = \"a\nb(").open == ")");
}

TEST_CASE("join_rest: closing brackets after the cursor are not doubled and not lost") {
  CHECK(joined("f(a", "b)", ")") == "b|)");
  CHECK(joined("f(a", "b", ")") == "b|)");
  CHECK(joined("f(a", "b, g(c)", ")") == "b, g(c)|)");
  CHECK(joined("f(a", "b, g(c))", ")") == "b, g(c)|)");
  CHECK(joined("f(a", "b);", ");") == "b|);");
  CHECK(joined("f(a", "b)", ");") == "b)|;");
  CHECK(joined("f(a", "b", ");") == "b|);");
  CHECK(joined("f(a", "b) + c", ")") == "b) + c|");
  CHECK(joined("[1, ", "2, 3]", "]") == "2, 3|]");
  CHECK(joined("f(g(a", "b)", "))") == "b)|)");
  CHECK(joined("f([a", "b]", "])") == "b]|)");
  CHECK(joined("if (x", " > 1) {", ") {") == " > 1|) {");
  CHECK(joined("if (x", " > 1)", ") {") == " > 1)| {");
  CHECK(joined("print(\"hel", "lo\")", "\")") == "lo|\")");
  CHECK(joined("print(\"hel", "lo", "\")") == "lo|\")");
  CHECK(joined("print(\"(", "a)\")", "\")") == "a)|\")");
  CHECK(joined("x = ", "1", ";") == "1|;");
  CHECK(joined("x = ", "1;", ";") == "1|;");
  CHECK(joined("f(a", "b)", " )") == "b| )");
  CHECK(joined("x", " = 1", "") == " = 1|");
}

TEST_CASE("join_rest: a block inside brackets puts the bracket on its own line") {
  CHECK(joined("void f() {", "\n  g();", "}") == "\n  g();\n|}");
  CHECK(joined("  f({", "\n    a,\n  })", "})") == "\n    a,\n  |})");
  CHECK(joined("void f() {", "\n  g();\n}", "}") == "\n  g();\n|}");
}

TEST_CASE("join_rest: code after the cursor stays, what the suggestion ends with is not doubled") {
  CHECK(joined("foo(", "x, bar)", "bar)") == "x, |bar)");
  CHECK(joined("foo(", "x, ", "bar)") == "x, |bar)");
  CHECK(joined("x = ", "a", "ab + c") == "a|ab + c");
  CHECK(joined("x = ", "y + a", "a + b") == "y + |a + b");
}

TEST_CASE("balance_brackets: a bracket that nobody opened ends the suggestion") {
  CHECK(balanced("print(f(x|", "))") == "))");
  CHECK(balanced("print(x|", "))") == ")");
  CHECK(balanced("x = a|", " + b) * c") == " + b");
  CHECK(balanced("f(\n  a|", ", b)") == ", b)");
  CHECK(balanced("x = [1|", ", 2)") == ", 2");
  CHECK(balanced("s = \"(|", ")\" + x") == ")\" + x");
  CHECK(balanced("void f() {\n  |", "g();\n}") == "g();\n}");
  CHECK(balanced("a)\nx = (b|", "))") == "))");  // the view begins inside a bracket: nothing is known
}

TEST_CASE("reindent: tabs or spaces as the file has them") {
  CHECK(reindented("if x:\n\tf()\n\t|", "if y:\n\t    g()") == "if y:\n\t\tg()");
  CHECK(reindented("void f() {\n\tg();\n\tif (x) {|", "\n        h();\n    }", "cpp") == "\n\t\th();\n\t}");
  CHECK(reindented("if x:\n  f()\n|", "if y:\n\tg()") == "if y:\n  g()");
  CHECK(reindented("|", "if y:\n\tg()") == "if y:\n\tg()");
  CHECK(reindented("if x:\n    s = |", "'\ta'") == "'\ta'");
}

TEST_CASE("reindent: indentation that is typed already is not added again") {
  CHECK(reindented("def f():\n    |", "    return 1") == "return 1");
  CHECK(reindented("def f():\n    |", "    if a:\n            return 1") == "if a:\n        return 1");
  CHECK(reindented("def f():\n    x = 1\n    |", "    return x") == "return x");
  CHECK(reindented("def f():\n    x = 1\n|", "    return x") == "    return x");
  CHECK(reindented("def f():\n  |", "  return 1") == "  return 1");
  CHECK(reindented("x = |", "  1") == "  1");
}

TEST_CASE("drop_suffix_overlap: lines that stand below are not written again") {
  CHECK(without_overlap("a();\n}", {"}"}) == "a();");
  CHECK(without_overlap("a();\n  }\n}", {"", "  }", "}"}) == "a();");
  CHECK(without_overlap("a();\n}", {"} else {"}) == "a();");
  CHECK(without_overlap("a();\n  }", {"}"}) == "a();\n  }");
  CHECK(without_overlap("a();\n  b();", {"  b();", "  c();"}) == "a();");
  CHECK(without_overlap("a();\n  b();", {"  c();"}) == "a();\n  b();");
  CHECK(without_overlap("}", {"}"}) == "}");  // the first line goes on with the cursor's
}

TEST_CASE("clean_text: no control characters, no half characters, no blanks at the end") {
  CHECK(lsp::clean_text("a\r\nb  \n") == "a\nb");
  CHECK(lsp::clean_text("a\x1b[0m") == "a");
  CHECK(lsp::clean_text(std::string_view("a\0b", 3)) == "a");
  CHECK(lsp::clean_text("a\xEF\xBF\xBD" "b") == "a");
  CHECK(lsp::clean_text("\tx") == "\tx");
}

TEST_CASE("noise is refused") {
  CHECK(noise("x = |", "  ") == "there is nothing in it");
  CHECK(noise("x = f(a|", ")") == "it is a single mark");
  CHECK(noise("x = f(a|", ")", true) == "");
  CHECK(noise("f(a|)", "b") == "");
  CHECK(noise("import os\n|", "import os") == "it repeats the lines above");
  CHECK(noise("a = 1\nb = 2\n|", "a = 1\nb = 2") == "it repeats the lines above");
  CHECK(noise("a = 1\nb = 2\n|", "c = 1\nb = 2") == "");
  CHECK(noise("  }\n  |", "}") == "it is a single mark");
  CHECK(noise("a\n|\nb = 2", "b = 2\nc") == "it repeats the next line");
  CHECK(noise("x = 1\n|", "Here is the code:") == "it is prose about code");
  CHECK(noise("x = |", "a a a a a a a a a a a a") == "it repeats itself");
  CHECK(noise("x = [|", "1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2") == "it repeats itself");
  CHECK(noise("x = |", std::string(60, 'a')) == "it repeats itself");
  CHECK(noise("if (continuation|", "_buffer_size_in_bytes_remaining_bytes_remaining_bytes_remaining_bytes_remaining_bytes_remaining") == "it repeats itself");
  CHECK(noise("# |", std::string(60, '-')) == "");
  CHECK(noise("x = [|", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14") == "");
}

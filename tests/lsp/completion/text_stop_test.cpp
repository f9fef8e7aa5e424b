#include "lsp/completion/text_stop.h"

#include "lsp/completion/trigger.h"
#include "support/catch.h"
#include "support/cursor.h"

namespace {

struct Case {
  std::string document;  // with a cursor
  std::string written;   // by the model
  std::string kept;
  std::string why;
  std::string language = "cpp";
  int max_lines = 12;
  bool block = true;
};

lsp::TextStop stop_for(const Case& c) {
  const auto [text, cursor] = tests::at_cursor(c.document);
  return lsp::TextStop(lsp::stop_rules(lsp::look_around(text, cursor, c.language), c.block, c.max_lines));
}

// However the text is cut into pieces, the same part of it is kept, and nothing is asked for after the stop.
void check(const Case& c, bool cut_off = false) {
  INFO(c.document << " <- " << c.written);
  for (const std::size_t piece : {std::size_t(1), std::size_t(3), std::size_t(1000)}) {
    lsp::TextStop stop = stop_for(c);
    bool stopped = false;
    for (std::size_t at = 0; at < c.written.size() && !stopped; at += piece) stopped = stop.push(std::string_view(c.written).substr(at, piece));
    if (!stopped) stop.finish(cut_off);
    CHECK(stop.text() == c.kept);
    CHECK(stop.why() == c.why);
  }
}

}  // namespace

TEST_CASE("one line is suggested where the line goes on") {
  check({.document = "int x = |", .written = "1;\nint y = 2;", .kept = "1;", .why = "the end of the line", .block = false});
  check({.document = "int x = |", .written = "1;", .kept = "1;", .why = "the model ended", .block = false});
  check({.document = "int x = 1|", .written = "\nint y", .kept = "", .why = "the model ended the line at once", .block = false});
  check({.document = "int x|", .written = "", .kept = "", .why = "the model ended", .block = false});
  check({.document = "a|\nab = 1", .written = "b = 1\n", .kept = "", .why = "it repeats the next line", .block = false});
}

TEST_CASE("a block ends with its scope") {
  check({.document = "def f(n):\n    |", .written = "if n:\n        return 1\n    return 2\n\nprint(1)",
         .kept = "if n:\n        return 1\n    return 2", .why = "a blank line", .language = "python"});
  check({.document = "def f(n):\n    |", .written = "return n\nprint(f(1))", .kept = "return n", .why = "the block's end", .language = "python"});
  check({.document = "def f(n):|", .written = "\n    return n\nprint(f(1))", .kept = "\n    return n", .why = "the block's end", .language = "python"});
  check({.document = "  if (a) {|", .written = "\n    b();\n  }\n  c();", .kept = "\n    b();\n  }", .why = "the block's end"});
  check({.document = "  if (a) {\n    |", .written = "b();\n  } else {\n    c();\n  }\n  d();", .kept = "b();\n  } else {\n    c();\n  }", .why = "the block's end"});
  check({.document = "if x then\n  |", .written = "y()\nend\nz()", .kept = "y()\nend", .why = "the block's end", .language = "lua"});
  check({.document = "if x then\n  |", .written = "y()\nendless()", .kept = "y()", .why = "the block's end", .language = "lua"});
}

TEST_CASE("the closing line is not written where it stands below") {
  check({.document = "void f() {\n  |\n}", .written = "g();\n}\n", .kept = "g();", .why = "the block's end"});
  check({.document = "void f() {|\n  a();\n}", .written = "\n  b();\n  a();\n}", .kept = "\n  b();", .why = "the next line is reached"});
}

TEST_CASE("lines of the same depth go on until a blank or shallower line") {
  check({.document = "{\n  a = 1;\n  |\n}", .written = "b = 2;\n  c = 3;\n}", .kept = "b = 2;\n  c = 3;", .why = "the block's end"});
  check({.document = "a = 1\n|", .written = "    b = 2\n    c = 3\nd", .kept = "    b = 2\n    c = 3", .why = "the block's end", .language = "python"});
  check({.document = "a = 1\n|", .written = "\nb = 2\n", .kept = "", .why = "the model left the line blank", .language = "python"});
}

TEST_CASE("limits and repetition") {
  check({.document = "void f() {\n  |", .written = "a();\n  b();\n  c();\n", .kept = "a();\n  b();", .why = "the line limit", .max_lines = 2});
  check({.document = "void f() {\n  |", .written = "a();\n  b();\n", .kept = "a();", .why = "the line limit", .max_lines = 1});
  check({.document = "void f() {\n  |", .written = "a();\n  b();\n  a();\n  b();\n  a();", .kept = "a();\n  b();", .why = "repeated lines"});
  check({.document = "void f() {\n  |", .written = "a();\n  a();\n  a();", .kept = "a();", .why = "repeated lines"});
  check({.document = "void f() {\n  |", .written = "g({\n    {1},\n  });\n  h();", .kept = "g({\n    {1},\n  });\n  h();", .why = "the model ended"});
}

TEST_CASE("what is cut off in the middle of a line loses that line, or the piece of a word") {
  check({.document = "void f() {\n  |", .written = "a();\n  b", .kept = "a();", .why = "the token limit"}, true);
  check({.document = "def f(x):\n    |", .written = "a(x)\n    if x:\n        b", .kept = "a(x)", .why = "the token limit", .language = "python"}, true);
  check({.document = "def f(x):\n    |", .written = "a(x)\n    if x:\n        b(x)\n", .kept = "a(x)", .why = "the line limit", .language = "python", .max_lines = 2});
  check({.document = "x = |", .written = "alpha + beta + gam", .kept = "alpha + beta +", .why = "the token limit"}, true);
  check({.document = "x = |", .written = "averylongname", .kept = "averylongname", .why = "the token limit"}, true);
}

TEST_CASE("a markdown fence and a zero byte end a suggestion") {
  check({.document = "x = 1\n|", .written = "y = 2\n```\nThis code", .kept = "y = 2", .why = "a markdown fence", .language = "python"});
  check({.document = "x = 1\n|", .written = "```python\ny = 2", .kept = "", .why = "a markdown fence", .language = "python"});
  check({.document = "x = |", .written = std::string("1\0 2", 4), .kept = "1", .why = "a byte that is no text"});
}

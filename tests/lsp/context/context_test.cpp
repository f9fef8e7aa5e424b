#include "lsp/context/cursor_window.h"
#include "lsp/context/header.h"
#include "lsp/context/indentation.h"
#include "lsp/context/lines.h"
#include "lsp/context/surroundings.h"
#include "support/catch.h"
#include "support/cursor.h"

namespace {

std::string window_of(std::string_view marked, lsp::WindowBudget budget) {
  const auto [text, cursor] = tests::at_cursor(marked);
  const auto window = lsp::cut_window(text, lsp::look_around(text, cursor, ""), budget);
  return window.before + "<" + window.typed + "|" + ">" + window.after;
}

std::string joined(const std::vector<std::string_view>& lines) {
  std::string out;
  for (const auto line : lines) out += std::string(line) + ";";
  return out;
}

}  // namespace

TEST_CASE("lines end at every kind of line end") {
  const std::string_view text = "a\nb\r\nc\rd";
  const auto line_of = [&](std::size_t offset) { return std::string(lsp::slice(text, lsp::line_at(text, offset))); };
  CHECK(line_of(0) == "a");
  CHECK(line_of(2) == "b");
  CHECK(line_of(5) == "c");
  CHECK(line_of(8) == "d");
  CHECK(joined(lsp::lines_above(text, lsp::line_at(text, 8), 9)) == "c;b;a;");
  CHECK(joined(lsp::lines_above(text, lsp::line_at(text, 8), 2)) == "c;b;");
  CHECK(joined(lsp::lines_below(text, lsp::line_at(text, 0), 9)) == "b;c;d;");
  CHECK(joined(lsp::lines_below("a\n", {0, 1}, 9)) == ";");
  CHECK(lsp::with_plain_line_ends(text) == "a\nb\nc\nd");
  CHECK(lsp::line_end_near(text, lsp::line_at(text, 2)) == "\r\n");
  CHECK(lsp::line_end_near(text, lsp::line_at(text, 8)) == "\r");
  CHECK(lsp::line_end_near("a", {0, 1}) == "\n");
}

TEST_CASE("a cursor inside a character or a line end is moved to its start") {
  CHECK(lsp::snap_to_character("aé", 2) == 1);
  CHECK(lsp::snap_to_character("a\r\nb", 2) == 1);
  CHECK(lsp::snap_to_character("a\r\nb", 3) == 3);
  CHECK(lsp::snap_to_character("abc", 99) == 3);
  CHECK(lsp::snap_to_character("", 0) == 0);
}

TEST_CASE("the window is what fits around the cursor, from a line start") {
  CHECK(window_of("a\nb\nc|d\ne\nf", {100, 100}) == "a\nb\n<c|>d\ne\nf");
  CHECK(window_of("a\nb\nc|)\ne\nf", {100, 100}) == "a\nb\n<c|>\ne\nf");
  CHECK(window_of("a\nb\nc|\ne\nf", {100, 3}) == "a\nb\n<c|>\ne\n");
  CHECK(window_of("1234567\n1234567\n1234567\nx|", {16, 0}) == "1234567\n1234567\n<x|>");
  CHECK(window_of("|", {8, 8}) == "<|>");
}

TEST_CASE("a very long line is cut by characters, in steps") {
  const std::string line(5000, 'x');
  const auto [text, cursor] = tests::at_cursor(line + "|" + line);
  const auto window = lsp::cut_window(text, lsp::look_around(text, cursor, ""), {1000, 100});
  CHECK(window.before.size() <= 1000);
  CHECK(window.typed.size() <= 750);
  CHECK(window.typed.size() >= 250);
  CHECK(window.after.size() == 100);
}

TEST_CASE("the rest of a line is replaceable where it is only what editors put there") {
  for (const auto* rest : {"", "  ", ")", "\");", "]})", " {", ":"}) CHECK(lsp::rest_is_replaceable(rest));
  for (const auto* rest : {"x", ") + 1", "/ 2", "1"}) CHECK_FALSE(lsp::rest_is_replaceable(rest));
}

TEST_CASE("indentation and blocks") {
  CHECK(lsp::indent_width("\t  x") == 6);
  CHECK(lsp::indent_width("  \tx") == 4);
  for (const auto* line : {"void f() {", "  f(", "x = [", "else:", "case 1:", "public:", "def f(x):  "}) CHECK(lsp::opens_block(line, "cpp"));
  for (const auto* line : {"", "x = 1", "x ? y :", "// note:", "then"}) CHECK_FALSE(lsp::opens_block(line, "cpp"));
  for (const auto* line : {"  }", "});", "end", "fi", "done"}) CHECK(lsp::closes_block(line));
  for (const auto* line : {"", "ended", "x)", "fir"}) CHECK_FALSE(lsp::closes_block(line));
  CHECK(lsp::indent_style(std::vector<std::string_view>{"a", "\tb", "\t\tc"}).tabs);
  CHECK(lsp::indent_style(std::vector<std::string_view>{"a", "  b", "    c", "a"}).unit == 2);
  CHECK(lsp::indent_style(std::vector<std::string_view>{}).unit == 4);
}

TEST_CASE("the header names the file in a comment of its language") {
  CHECK(lsp::file_header("file:///a/b/c.py", "python") == "# c.py\n");
  CHECK(lsp::file_header("file:///a/b/c.rs", "") == "// c.rs\n");
  CHECK(lsp::file_header("file:///a/%C3%A9.lua", "lua") == "-- é.lua\n");
  CHECK(lsp::file_header("untitled:Untitled-1", "") == "");
  CHECK(lsp::file_header("file:///a/b/", "python") == "");
  CHECK(lsp::file_header("file:///a/x%0Ay.py", "python") == "");
}

#include "lsp/handlers/popup_item.h"

#include <memory>
#include <string>

#include "support/catch.h"

namespace {

// A suggestion for the whole line, as the menu gets it: "label | replaced -> text", or "-".
std::string entry(std::string_view marked, std::string_view whole_line, std::size_t rest = 0) {
  const std::size_t cursor = marked.find('|');
  std::string text(marked);
  text.erase(cursor, 1);
  const std::size_t line = std::string_view(text).substr(0, cursor).rfind('\n') + 1;
  const lsp::Query query{.document = {.content = std::make_shared<const std::string>(text)}, .cursor = cursor};
  const auto item = lsp::popup_item({.begin = line, .end = cursor + rest, .text = std::string(whole_line)}, query, lsp::PositionEncoding::Utf8);
  if (!item) return "-";
  CHECK(item->span.begin.line == item->span.end.line);
  const std::size_t from = line + item->span.begin.column, to = line + item->span.end.column;
  return item->label + " | " + text.substr(from, to - from) + " -> " + item->text;
}

}  // namespace

TEST_CASE("an entry of the menu begins with the word at the cursor and ends before what stands after it") {
  CHECK(entry("int a|", "int add(int b);") == "add(int b); | a -> add(int b);");
  CHECK(entry("x.|", "x.y") == "y |  -> y");
  CHECK(entry("f(|)", "f(a, b)", 1) == "a, b |  -> a, b");
  CHECK(entry("f(g|))", "f(get(1))", 2) == "get(1 | g -> get(1");
  CHECK(entry("f(a|) {", "f(ab, [) {])", 3) == "ab, [) {]) | a) { -> ab, [) {])");  // comes again, but not at the end
  CHECK(entry("é😀a|", "é😀abc") == "é😀abc | é😀a -> é😀abc");                      // every byte above ASCII is a word's
  CHECK(entry("\tif x:|", "\tif x:\n\t\treturn") == "return |  -> \n\t\treturn");
  CHECK(entry("def f|", "def f(a):\r\n    return a") == "f(a): | f -> f(a):\r\n    return a");
}

TEST_CASE("what a menu cannot show or would change nothing is no entry") {
  CHECK(entry("int a|", "int a") == "-");
  CHECK(entry("int a|", "int a\n  \n") == "a | a -> a\n  \n");
  CHECK(entry("a |", "a \n\n") == "-");
  CHECK(entry("int a|", "long a") == "-");
  CHECK(entry("a|", std::string("a\0b", 3)) == "-");
}

TEST_CASE("where the editor indents, the text does not") {
  const auto unindented = [](std::string_view before, std::string_view line, std::string_view more) {
    const std::string text = std::string(before) + std::string(line);
    const lsp::Query query{.document = {.content = std::make_shared<const std::string>(text)}, .cursor = text.size()};
    const auto item = lsp::popup_item({.begin = before.size(), .end = text.size(), .text = std::string(line) + std::string(more)}, query, lsp::PositionEncoding::Utf8);
    REQUIRE(item);
    return item->unindented.value_or("-");
  };
  CHECK(unindented("f\n", "    ", "a\n    b\n      c\n\n    d") == "a\nb\n  c\n\nd");
  CHECK(unindented("f\n", "\tif x:", "\n\t\ty\n") == "\n\ty\n");
  CHECK(unindented("f\n", "    ", "a\n  b") == "-");
  CHECK(unindented("", "a", "b\n  c") == "ab\n  c");
  CHECK(unindented("", "  a", "b\r\n  c") == "ab\r\nc");
}

TEST_CASE("snippets' own characters are escaped") {
  CHECK(lsp::snippet_escaped("${a}\\n $1 `") == "\\${a\\}\\\\n \\$1 `");
  CHECK(lsp::snippet_escaped("") == "");
}

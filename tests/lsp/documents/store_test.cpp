#include "lsp/documents/store.h"

#include <random>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "support/catch.h"

using lsp::DocumentStore;
using lsp::Edit;
using lsp::PositionEncoding;
using lsp::Span;

namespace {

Edit at(std::size_t line, std::size_t begin, std::size_t end, std::string text) {
  return {Span{{line, begin}, {line, end}}, std::move(text)};
}

void check(std::string before, std::vector<Edit> edits, const std::string& after,
           PositionEncoding encoding = PositionEncoding::Utf16) {
  DocumentStore store(encoding);
  store.open("file:///a", "cpp", 1, std::move(before));
  REQUIRE(store.change("file:///a", 2, edits));
  CHECK(store.find("file:///a")->text() == after);
  CHECK(store.find("file:///a")->version() == 2);
}

// A byte offset in `text` that a cursor can have, and its place, found by walking from the start.
std::pair<std::size_t, lsp::LineColumn> random_place(std::string_view text, std::mt19937& random, PositionEncoding encoding) {
  std::vector<std::pair<std::size_t, lsp::LineColumn>> places;
  lsp::LineColumn at;
  for (std::size_t i = 0; i < text.size();) {
    places.push_back({i, at});
    const auto c = base::decode_at(text, i);
    const bool crlf = text.substr(i).starts_with("\r\n");
    if (text[i] == '\n' || text[i] == '\r') at = {at.line + 1, 0};
    else at.column += encoding == PositionEncoding::Utf8 ? c.length : encoding == PositionEncoding::Utf16 ? base::utf16_length(text.substr(i, c.length)) : 1;
    i += crlf ? 2 : c.length;
  }
  places.push_back({text.size(), at});
  return places[random() % places.size()];
}

}  // namespace

TEST_CASE("edits") {
  check("abc", {at(0, 1, 2, "X")}, "aXc");
  check("abc", {at(0, 3, 3, "d"), at(0, 4, 4, "e")}, "abcde");              // each on what the one before left
  check("abc", {{std::nullopt, "new\ntext"}, at(1, 0, 4, "TEXT")}, "new\nTEXT");
  check("a\nb\nc", {{Span{{0, 1}, {2, 0}}, ""}}, "ac");
  check("a\r\nb", {{Span{{0, 1}, {1, 0}}, ""}}, "ab");
  check("a\r\nb", {at(0, 9, 9, "!")}, "a!\r\nb");                            // past the end of the line
  check("a", {at(5, 0, 0, "!")}, "a!");                                      // past the last line
  check("abc", {{Span{{0, 2}, {0, 1}}, "X"}}, "aXc");                        // backwards
  check("😀b", {at(0, 2, 3, "c")}, "😀c", PositionEncoding::Utf16);
  check("😀b", {at(0, 4, 5, "c")}, "😀c", PositionEncoding::Utf8);
  check("😀b", {at(0, 1, 2, "c")}, "😀c", PositionEncoding::Utf32);
  check("a\rb", {at(1, 0, 0, "\n")}, "a\r\nb");                              // two line ends become one
  check("", {at(0, 0, 0, "x")}, "x");
  check("x", {}, "x");
}

TEST_CASE("a snapshot stays as it was while the document goes on") {
  DocumentStore store;
  store.open("file:///a", "cpp", 1, "one");
  const auto before = store.find("file:///a")->snapshot();
  CHECK(before.content == store.find("file:///a")->snapshot().content);  // shared, not copied
  REQUIRE(store.change("file:///a", 2, std::vector{at(0, 0, 3, "two")}));
  CHECK(before.text() == "one");
  CHECK(before.language_id == "cpp");
  CHECK(store.find("file:///a")->snapshot().text() == "two");
}

TEST_CASE("closing frees, and what is not open says so by name") {
  DocumentStore store;
  store.open("file:///a", "cpp", 1, "one");
  const std::weak_ptr<const std::string> held = store.find("file:///a")->snapshot().content;
  REQUIRE(store.close("file:///a"));
  CHECK(held.expired());
  CHECK(store.size() == 0);
  CHECK(store.close("file:///a").error().message == "the document 'file:///a' is not open");
  CHECK(store.change("file:///a", 2, {}).error().message == "the document 'file:///a' is not open");
}

TEST_CASE("typing at random keeps the store in step with a plain string, in every encoding") {
  const auto encoding = GENERATE(PositionEncoding::Utf8, PositionEncoding::Utf16, PositionEncoding::Utf32);
  std::mt19937 random(3);
  DocumentStore store(encoding);
  store.open("u", "", 0, "");
  std::string mirror;
  const std::vector<std::string> pieces = {"a", "\n", "\r", "\r\n", "bc ", "\t", "é", "中x", "😀", "𝒳\nq", ""};
  for (int step = 0; step < 1500; ++step) {
    auto [begin, from] = random_place(mirror, random, encoding);
    auto [end, to] = random() % 4 ? std::pair(begin, from) : random_place(mirror, random, encoding);
    const std::string text = pieces[random() % pieces.size()];
    REQUIRE(store.change("u", step, std::vector{Edit{Span{from, to}, text}}));  // from may be behind to
    mirror.replace(std::min(begin, end), std::max(begin, end) - std::min(begin, end), text);
    REQUIRE(store.find("u")->text() == mirror);
    REQUIRE(store.find("u")->snapshot().text() == mirror);
  }
}

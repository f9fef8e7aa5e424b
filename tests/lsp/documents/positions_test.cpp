#include "lsp/documents/positions.h"

#include <random>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "support/catch.h"

using lsp::LineColumn;
using lsp::LineIndex;
using lsp::PositionEncoding;

namespace {

constexpr PositionEncoding kEncodings[] = {PositionEncoding::Utf8, PositionEncoding::Utf16, PositionEncoding::Utf32};

// `marked` holds a | where the place must be found.
void check(std::string marked, LineColumn place, PositionEncoding encoding) {
  const std::size_t expected = marked.find('|');
  marked.erase(expected, 1);
  INFO(marked << " line " << place.line << " column " << place.column);
  const LineIndex lines(marked);
  CHECK(lines.offset(marked, place, encoding) == expected);
}
void check_both_ways(std::string marked, LineColumn place, PositionEncoding encoding) {
  check(marked, place, encoding);
  const std::size_t offset = marked.find('|');
  marked.erase(offset, 1);
  CHECK(LineIndex(marked).place(marked, offset, encoding) == place);
}

// The slow and obvious way: walk from the start, counting.
LineColumn place_by_walking(std::string_view text, std::size_t offset, PositionEncoding encoding) {
  LineColumn at;
  for (std::size_t i = 0; i < offset;) {
    if (text[i] == '\n' || (text[i] == '\r' && !(i + 1 < text.size() && text[i + 1] == '\n'))) {
      at = {at.line + 1, 0};
      ++i;
      continue;
    }
    const auto c = base::decode_at(text, i);
    if (text[i] != '\r') at.column += encoding == PositionEncoding::Utf8 ? c.length : encoding == PositionEncoding::Utf16 && c.code_point > 0xFFFF ? 2 : 1;
    i += c.length;
  }
  return at;
}

std::string random_text(std::mt19937& random, int pieces) {
  static const std::vector<std::string> kPieces = {"a", "\t", "é", "中", "😀", "\n", "\r\n", "\r", "x = 1", "\u200d", "𝒳"};
  std::string out;
  for (int i = 0; i < pieces; ++i) out += kPieces[random() % kPieces.size()];
  return out;
}

}  // namespace

TEST_CASE("places in each encoding") {
  check_both_ways("|", {0, 0}, PositionEncoding::Utf16);
  check_both_ways("ab|c", {0, 2}, PositionEncoding::Utf16);
  check_both_ways("a\nb|c", {1, 1}, PositionEncoding::Utf16);
  check_both_ways("a\r\nb|c", {1, 1}, PositionEncoding::Utf16);
  check_both_ways("a\rb|c", {1, 1}, PositionEncoding::Utf16);
  check_both_ways("a\n\r|x", {2, 0}, PositionEncoding::Utf16);
  check_both_ways("\té|x", {0, 3}, PositionEncoding::Utf8);
  check_both_ways("\té|x", {0, 2}, PositionEncoding::Utf16);
  check_both_ways("😀|x", {0, 4}, PositionEncoding::Utf8);
  check_both_ways("😀|x", {0, 2}, PositionEncoding::Utf16);
  check_both_ways("😀|x", {0, 1}, PositionEncoding::Utf32);
  check_both_ways("a\n|", {1, 0}, PositionEncoding::Utf32);
}

TEST_CASE("places that are not there become the nearest that are") {
  check("ab|\ncd", {0, 99}, PositionEncoding::Utf16);
  check("ab|\r\ncd", {0, 3}, PositionEncoding::Utf16);
  check("ab|\rcd", {0, 3}, PositionEncoding::Utf16);
  check("ab\ncd|", {7, 0}, PositionEncoding::Utf16);
  check("ab\n|", {1, 5}, PositionEncoding::Utf16);
  check("|😀", {0, 1}, PositionEncoding::Utf16);  // inside a surrogate pair
  check("|😀", {0, 3}, PositionEncoding::Utf8);   // inside a character
  check("ab|", {0, static_cast<std::size_t>(-1)}, PositionEncoding::Utf8);
  check("ab|", {static_cast<std::size_t>(-1), static_cast<std::size_t>(-1)}, PositionEncoding::Utf8);
}

TEST_CASE("every character's place is found again, in every encoding") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_text(random, 1 + round % 40);
    const LineIndex lines(text);
    for (std::size_t at = 0; at <= text.size();) {
      for (const auto encoding : kEncodings) {
        const bool inside_crlf = at > 0 && at < text.size() && text[at - 1] == '\r' && text[at] == '\n';
        const LineColumn place = lines.place(text, at, encoding);
        CHECK(place == place_by_walking(text, inside_crlf ? at - 1 : at, encoding));
        CHECK(lines.offset(text, place, encoding) == (inside_crlf ? at - 1 : at));
      }
      at += at < text.size() ? base::decode_at(text, at).length : 1;
    }
  }
}

TEST_CASE("an index rebuilt from an edit on is the index of the new text") {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string text = random_text(random, 12);
    LineIndex lines(text);
    const std::size_t begin = random() % (text.size() + 1);
    const std::size_t count = random() % (text.size() - begin + 1);
    text.replace(begin, count, random_text(random, static_cast<int>(random() % 4)));
    lines.rebuild_from(text, begin);
    const LineIndex fresh(text);
    REQUIRE(lines.lines() == fresh.lines());
    for (std::size_t line = 0; line < fresh.lines(); ++line) REQUIRE(lines.line_begin(line) == fresh.line_begin(line));
  }
}

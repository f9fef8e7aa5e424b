#include "base/utf8.h"

#include "support/catch.h"

namespace {
constexpr const char* kGood[] = {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
                                 "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "n\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"};
// A lone continuation, overlong forms, a surrogate, above U+10FFFF, cut characters, bytes that never occur.
constexpr const char* kBad[] = {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xF5\x80\x80\x80", "\xFE", "\xFF", "\xC3(", "\xE2(\xAC", "\xF0\x9F(\x80"};
}  // namespace

TEST_CASE("utf8: well-formed is what the standard's table says") {
  for (const char* text : kGood) CHECK(base::is_valid_utf8(text));
  for (const char* text : kBad) CHECK_FALSE(base::is_valid_utf8(text));
}

TEST_CASE("utf8: every code point survives encoding and decoding") {
  for (char32_t c = 0; c <= 0x10FFFF; c += c < 0x900 || c > 0xD700 ? 1 : 37) {
    if (c == 0xD800) c = 0xE000;
    if (c == 0xE900) c = 0xFF00;
    if (c == 0x10200) c = 0x10FF00;
    std::string text;
    base::append_utf8(text, c);
    const base::Utf8Char read = base::decode_at(text, 0);
    if (!read.valid || read.code_point != c || read.length != text.size() || base::previous_char(text, text.size()) != 0) {
      FAIL("U+" << std::hex << std::uint32_t(c));
    }
  }
}

TEST_CASE("utf8: sanitize replaces each ill-formed byte and nothing else") {
  const std::string r = "\xEF\xBF\xBD";
  for (const char* text : kGood) CHECK(base::sanitize_utf8(text) == text);
  CHECK(base::sanitize_utf8("a\xFFz") == "a" + r + "z");
  CHECK(base::sanitize_utf8("\xE2\x82z") == r + r + "z");
  for (const char* text : kBad) CHECK(base::is_valid_utf8(base::sanitize_utf8(text)));
}

TEST_CASE("utf8: the complete prefix of a stream") {
  struct Case {
    const char* text;
    std::size_t length;
  };
  for (const Case& c : {Case{"", 0}, {"ab", 2}, {"a\xC3", 1}, {"a\xC3\xA4", 3}, {"\xE2\x82", 0}, {"x\xF0\x9F\x98", 1}, {"\xF0\x9F\x98\x80", 4},
                        {"a\xFF", 2}, {"\x80\x80\x80\x80", 4}, {"a\xE0\x80", 3}, {"a\xED\xA0", 3}, {"a\xF4", 1}}) {
    INFO(base::sanitize_utf8(c.text));
    CHECK(base::complete_utf8_prefix(c.text) == c.length);
  }
}

TEST_CASE("utf8: lengths in other units") {
  struct Case {
    const char* text;
    std::size_t utf16, code_points;
  };
  for (const Case& c : {Case{"", 0, 0}, {"abc", 3, 3}, {"\xC3\xA4", 1, 1}, {"\xF0\x9F\x98\x80", 2, 1}, {"a\xFF\xE2\x82", 4, 4}}) {
    CHECK(base::utf16_length(c.text) == c.utf16);
    CHECK(base::code_point_count(c.text) == c.code_points);
  }
}

TEST_CASE("utf8: the character before") {
  CHECK(base::previous_char("a\xF0\x9F\x98\x80", 5) == 1);
  CHECK(base::previous_char("a\xF0\x9F\x98\x80", 1) == 0);
  CHECK(base::previous_char("a\x98\x80", 3) == 2);
}

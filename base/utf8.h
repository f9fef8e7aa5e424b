// utf8.h: reading UTF-8 without trusting it.
// decode_at() walks a text one character at a time; is_valid() and sanitize() guard what comes from outside.
// Pure functions. Definition of well-formed: Unicode 15, table 3-7 (no surrogates, no overlong forms, <= U+10FFFF).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace base {

struct Utf8Char {
  char32_t code_point = 0xFFFD;
  std::size_t length = 1;  // bytes it takes; 1 for a byte that starts no well-formed character
  bool valid = false;
};

// The character that starts at `offset` (< text.size()).
Utf8Char decode_at(std::string_view text, std::size_t offset);

bool is_valid_utf8(std::string_view text);

// The text with each ill-formed byte replaced by U+FFFD.
std::string sanitize_utf8(std::string_view text);

// Length of the longest prefix that does not end inside a character (a stream may go on with the rest).
std::size_t complete_utf8_prefix(std::string_view text);

void append_utf8(std::string& out, char32_t code_point);

// How many UTF-16 units / code points a well-formed text takes. Ill-formed bytes count as one each.
std::size_t utf16_length(std::string_view text);
std::size_t code_point_count(std::string_view text);

// The start of the character before `offset` (> 0); offset - 1 where the bytes are ill-formed.
std::size_t previous_char(std::string_view text, std::size_t offset);

}  // namespace base

#include "base/utf8.h"

#include <algorithm>

namespace base {
namespace {

bool continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Bytes a character takes, from its first byte; 0 where no character starts so.
std::size_t expected_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The second byte's range is narrower after E0 (overlong), ED (surrogates), F0 (overlong) and F4 (> U+10FFFF).
bool second_byte_fits(unsigned char lead, unsigned char second) {
  if (lead == 0xE0 && second < 0xA0) return false;
  if (lead == 0xED && second > 0x9F) return false;
  if (lead == 0xF0 && second < 0x90) return false;
  if (lead == 0xF4 && second > 0x8F) return false;
  return continuation(second);
}

}  // namespace

Utf8Char decode_at(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[offset + i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = expected_length(lead);
  if (length == 1) return {lead, 1, true};
  if (length == 0 || offset + length > text.size() || !second_byte_fits(lead, byte(1))) return {};
  char32_t code = lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!continuation(byte(i))) return {};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  return {code, length, true};
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_at(text, i);
    if (!c.valid) return false;
    i += c.length;
  }
  return true;
}

std::string sanitize_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_at(text, i);
    if (c.valid) out.append(text.substr(i, c.length));
    else out.append("\xEF\xBF\xBD");
    i += c.length;
  }
  return out;
}

std::size_t complete_utf8_prefix(std::string_view text) {
  const std::size_t most_back = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= most_back; ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (continuation(byte)) continue;
    const std::size_t wanted = expected_length(byte);
    if (wanted <= back) return text.size();
    if (back >= 2 && !second_byte_fits(byte, static_cast<unsigned char>(text[text.size() - back + 1]))) return text.size();
    return text.size() - back;
  }
  return text.size();
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_at(text, i);
    units += c.valid && c.code_point >= 0x10000 ? 2 : 1;
    i += c.length;
  }
  return units;
}

std::size_t code_point_count(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) i += decode_at(text, i).length;
  return count;
}

std::size_t previous_char(std::string_view text, std::size_t offset) {
  const std::size_t most_back = std::min<std::size_t>(4, offset);
  for (std::size_t back = 1; back <= most_back; ++back) {
    const Utf8Char c = decode_at(text, offset - back);
    if (c.valid && c.length == back) return offset - back;
  }
  return offset - 1;
}

}  // namespace base

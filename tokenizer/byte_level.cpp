#include "tokenizer/byte_level.h"

#include <array>

#include "base/utf8.h"

namespace tokenizer {
namespace {

constexpr bool keeps_its_code(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

constexpr std::array<char32_t, 256> make_code_points() {
  std::array<char32_t, 256> code_points{};
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte)
    code_points[static_cast<std::size_t>(byte)] = keeps_its_code(byte) ? static_cast<char32_t>(byte) : next++;
  return code_points;
}
constexpr std::array<char32_t, 256> kCodePoints = make_code_points();
constexpr std::size_t kCodes = 0x144;  // 68 bytes have no printable code of their own

constexpr std::array<short, kCodes> make_bytes() {
  std::array<short, kCodes> bytes{};
  for (short& byte : bytes) byte = -1;
  for (std::size_t byte = 0; byte < 256; ++byte) bytes[kCodePoints[byte]] = static_cast<short>(byte);
  return bytes;
}
constexpr std::array<short, kCodes> kBytes = make_bytes();

}  // namespace

std::string to_printable(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) base::append_utf8(out, kCodePoints[static_cast<unsigned char>(byte)]);
  return out;
}

std::string to_printable(unsigned char byte) {
  std::string out;
  base::append_utf8(out, kCodePoints[byte]);
  return out;
}

std::optional<std::string> from_printable(std::string_view spelled) {
  std::string out;
  for (std::size_t i = 0; i < spelled.size();) {
    const base::Utf8Char c = base::decode_at(spelled, i);
    if (!c.valid || c.code_point >= kCodes || kBytes[c.code_point] < 0) return std::nullopt;
    out += static_cast<char>(kBytes[c.code_point]);
    i += c.length;
  }
  return out;
}

}  // namespace tokenizer

#include "tokenizer/metaspace.h"

#include <fmt/format.h>

namespace tokenizer {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string with_spaces(std::string_view spelled) {
  std::string out;
  for (std::size_t i = 0; i < spelled.size();) {
    const bool space = spelled.substr(i).starts_with(kMetaspace);
    out += space ? ' ' : spelled[i];
    i += space ? kMetaspace.size() : 1;
  }
  return out;
}

std::string spell_byte(unsigned char byte) { return fmt::format("<0x{:02X}>", byte); }

std::optional<char> byte_spelled(std::string_view spelled) {
  if (spelled.size() != 6 || !spelled.starts_with("<0x") || spelled[5] != '>') return std::nullopt;
  const int high = hex_digit(spelled[3]), low = hex_digit(spelled[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(16 * high + low);
}

}  // namespace tokenizer

#include "tokenizer/same_vocabulary.h"

#include <algorithm>
#include <string>

namespace tokenizer {
namespace {

constexpr std::size_t kPadding = 256;  // rows that fill a table up to a round number

// For a message on one line.
std::string shown(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) out += fmt::format("\\x{:02x}", byte);
    else out.push_back(c);
  }
  return out;
}

bool is_hole(const Tokenizer& tokenizer, TokenId id) { return tokenizer.kind(id) == TokenKind::Unused || tokenizer.bytes(id).empty(); }

}  // namespace

base::Result<void> check_same_vocabulary(NamedVocabulary one, NamedVocabulary other) {
  const std::size_t sizes[] = {one.tokenizer.vocab_size(), other.tokenizer.vocab_size()};
  const auto [fewer, more] = std::minmax(sizes[0], sizes[1]);
  if (more - fewer > kPadding)
    return base::fail(base::ErrorCode::InvalidInput, "{} has a vocabulary of {} tokens and {} one of {}: expected the same vocabulary", one.name, sizes[0], other.name, sizes[1]);
  for (TokenId id = 0; id < TokenId(fewer); ++id) {
    const std::string_view a = one.tokenizer.bytes(id), b = other.tokenizer.bytes(id);
    if (a == b || is_hole(one.tokenizer, id) || is_hole(other.tokenizer, id)) continue;
    return base::fail(base::ErrorCode::InvalidInput, "token {} is '{}' in {} and '{}' in {}: expected the same vocabulary", id, shown(a), one.name, shown(b), other.name);
  }
  return {};
}

}  // namespace tokenizer

#include "tokenizer/tokenizer.h"

namespace tokenizer {

std::string Tokenizer::decode(std::span<const TokenId> ids, bool with_special) const {
  std::string text;
  for (const TokenId id : ids)
    if (with_special || kind(id) != TokenKind::Control) text += bytes(id);
  if (strips_leading_space() && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

}  // namespace tokenizer

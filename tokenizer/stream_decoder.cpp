#include "tokenizer/stream_decoder.h"

#include <utility>

#include "base/utf8.h"

namespace tokenizer {

std::string StreamDecoder::push(TokenId id) {
  if (tokenizer_.kind(id) == TokenKind::Control) return {};
  std::string_view bytes = tokenizer_.bytes(id);
  if (at_start_ && !bytes.empty()) {
    at_start_ = false;
    if (tokenizer_.strips_leading_space() && bytes.starts_with(' ')) bytes.remove_prefix(1);
  }
  pending_ += bytes;
  const std::size_t whole = base::complete_utf8_prefix(pending_);
  std::string text = base::sanitize_utf8(std::string_view(pending_).substr(0, whole));
  pending_.erase(0, whole);
  return text;
}

std::string StreamDecoder::finish() { return base::sanitize_utf8(std::exchange(pending_, {})); }

}  // namespace tokenizer

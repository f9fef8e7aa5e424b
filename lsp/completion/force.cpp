#include "lsp/completion/force.h"

#include <limits>

namespace lsp {

using tokenizer::TokenId;
using tokenizer::TokenKind;

std::function<void(std::span<const TokenId>, std::span<float>)> steer_to(const tokenizer::Tokenizer& tokenizer, std::string forced) {
  if (forced.empty()) return {};
  return [&tokenizer, forced = std::move(forced)](std::span<const TokenId> so_far, std::span<float> logits) {
    std::size_t spelled = 0;
    for (const TokenId id : so_far)
      if ((spelled += tokenizer.bytes(id).size()) >= forced.size()) return;
    const std::string_view left = std::string_view(forced).substr(spelled);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const std::string_view bytes = tokenizer.bytes(TokenId(i));
      const bool spells = !bytes.empty() && tokenizer.kind(TokenId(i)) != TokenKind::Control && (bytes.starts_with(left) || left.starts_with(bytes));
      if (!spells) logits[i] = -std::numeric_limits<float>::infinity();
    }
  };
}

}  // namespace lsp

#include "lsp/completion/other_start.h"

#include <algorithm>
#include <limits>

#include "lsp/context/lines.h"

namespace lsp {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

}  // namespace

std::string opening(std::span<const tokenizer::TokenId> ids, std::size_t owed, const tokenizer::Tokenizer& tokenizer) {
  std::string text;
  for (const tokenizer::TokenId id : ids) {
    text += tokenizer.bytes(id);
    if (text.size() > owed && !is_blank(std::string_view(text).substr(owed))) return text;
  }
  return {};
}

void OtherStart::steer(std::span<const tokenizer::TokenId> so_far, std::span<float> logits) const {
  std::size_t longest = 0;
  for (const std::string& start : starts_) longest = std::max(longest, start.size());
  std::string written;
  for (const tokenizer::TokenId id : so_far) {
    written += tokenizer_.bytes(id);
    if (written.size() >= longest) return;
  }
  std::vector<tokenizer::TokenId> completing;
  for (const std::string& start : starts_)
    if (start.size() > written.size() && start.starts_with(written)) index_.tokens_from(std::string_view(start).substr(written.size()), completing);
  if (completing.empty()) return;
  for (const auto id : completing)
    if (std::size_t(id) < logits.size()) logits[std::size_t(id)] = kNever;
  if (std::ranges::any_of(logits, [](float logit) { return logit != kNever; })) return;
  for (const auto id : index_.end_ids())
    if (std::size_t(id) < logits.size()) logits[std::size_t(id)] = 0;
}

}  // namespace lsp

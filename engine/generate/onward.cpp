#include "engine/generate/onward.h"

#include <algorithm>
#include <limits>

#include "engine/generate/advance.h"

namespace engine {
namespace {

// Tokens before the answer: more tell no better whether the next line can come. They begin at every kOnwardStep-th, so that what one types behind
// them is computed alone.
constexpr std::size_t kOnwardContext = 64, kOnwardStep = 32;

}  // namespace

OnwardRating::OnwardRating(Model& model, Session& session, torch::Device device, std::size_t context, std::span<const TokenId> before)
    : model_(model), session_(session), device_(device), context_(context) {
  const std::size_t begin = before.size() > kOnwardContext ? (before.size() - kOnwardContext) / kOnwardStep * kOnwardStep : 0;
  before_.assign(before.begin() + std::ptrdiff_t(begin), before.end());
}

std::optional<double> OnwardRating::rate(const Onward& onward, const std::stop_token& stop) {
  std::vector<TokenId> text = before_;
  text.insert(text.end(), onward.ids.begin(), onward.ids.end());
  const std::size_t counted = before_.size() + onward.counted;  // the first one's logits come from the token before it
  if (counted == 0 || counted >= text.size()) return 0;
  if (text.size() > context_) return -std::numeric_limits<double>::infinity();
  cut_back(session_, std::min(shared_prefix(session_.ids, text), counted - 1));
  const std::size_t from = session_.ids.size();
  const std::span<const TokenId> rest = std::span<const TokenId>(text).subspan(from, text.size() - 1 - from);
  const torch::Tensor logits_TV = advance(model_, session_, device_, rest, LogitsOf::EveryToken, stop);
  if (!logits_TV.defined()) return std::nullopt;
  const torch::Tensor chances = logits_TV.narrow(0, std::int64_t(counted - 1 - from), std::int64_t(text.size() - counted)).to(torch::kFloat32).log_softmax(-1);
  double sum = 0;
  for (std::size_t i = counted; i < text.size(); ++i) sum += chances[std::int64_t(i - counted)][std::int64_t(text[i])].item<double>();
  return sum;
}

}  // namespace engine

#include "engine/ngram/mixer.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/kernels.h"

namespace engine {

float mixing_share(const Prediction& prediction, const MixWeights& weights) {
  if (prediction.chances.empty()) return 0;
  return 1 / (1 + std::exp(-(weights.bias + weights.certainty * prediction.chances.front().probability)));
}

void Mixer::steer(std::span<const TokenId> so_far, std::span<float> logits) {
  text_.resize(given_);
  text_.insert(text_.end(), so_far.begin(), so_far.end());
  const auto normal = float(kernels().fused->log_sum_exp(logits.data(), std::int64_t(logits.size())));
  const Prediction prediction = predict(workspace_->look_up(text_, {.samples = half_word_ && so_far.size() < 2 ? kSamplesForHalfWord : kSamples}));
  const float share = mixing_share(prediction, weights_), against = share / (1 - share);
  // p_model + against * p_workspace: the ids that the workspace does not know keep their logits.
  float added = 0;
  if (share > 0)
    for (const TokenChance& chance : prediction.chances) {
      if (std::size_t(chance.token) >= logits.size()) continue;
      float& logit = logits[std::size_t(chance.token)];
      if (!std::isfinite(logit)) continue;  // a banned id stays so
      logit = normal + std::log(std::exp(logit - normal) + against * chance.probability);
      added += against * chance.probability;
    }
  normal_ = normal + std::log1p(added);
  mixed_.assign(logits.begin(), logits.end());
}

float Mixer::logprob(TokenId id) const { return std::size_t(id) < mixed_.size() ? mixed_[std::size_t(id)] - normal_ : 0; }

}  // namespace engine

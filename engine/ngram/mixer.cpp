#include "engine/ngram/mixer.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/kernels.h"

namespace engine {

float mixing_share(float certainty, float length, const MixWeights& weights) {
  return 1 / (1 + std::exp(-(weights.bias + weights.certainty * certainty + weights.length * std::log1p(length))));
}

float mixing_share(const Prediction& prediction, const MixWeights& weights) {
  if (prediction.chances.empty()) return 0;
  return mixing_share(prediction.chances.front().probability, float(prediction.length), weights);
}

void Mixer::mix(std::span<const TokenId> so_far, std::span<float> logits) {
  text_.resize(given_);
  text_.insert(text_.end(), so_far.begin(), so_far.end());
  const auto normal = float(kernels().fused->log_sum_exp(logits.data(), std::int64_t(logits.size())));
  const Prediction prediction = predict(workspace_->look_up(text_, {.samples = half_word_ && so_far.size() < 2 ? kSamplesForHalfWord : kSamples}));
  const float share = mixing_share(prediction, weights_), against = share / (1 - share);
  // p_model + against * p_workspace: the ids that the workspace does not know keep their logits.
  if (share == 0) return;
  for (const TokenChance& chance : prediction.chances) {
    if (std::size_t(chance.token) >= logits.size()) continue;
    float& logit = logits[std::size_t(chance.token)];
    logit = normal + std::log(std::exp(logit - normal) + against * chance.probability);
  }
}

}  // namespace engine

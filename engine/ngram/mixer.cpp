#include "engine/ngram/mixer.h"

#include <algorithm>
#include <cmath>

namespace engine {

float mixing_share(const MixEvidence& evidence, const MixWeights& weights) {
  return 1 / (1 + std::exp(-(mixing_gate(evidence) + weights.bias + weights.certainty * evidence.certainty + weights.length * std::log1p(evidence.length))));
}

void Mixer::mix(std::span<const TokenId> so_far, std::span<float> logits) {
  text_.resize(given_);
  text_.insert(text_.end(), so_far.begin(), so_far.end());
  const Prediction prediction = predict(workspace_->look_up(text_, {.samples = half_word_ && so_far.size() < 2 ? kSamplesForHalfWord : kSamples}));
  if (prediction.chances.empty()) return;
  const float normal = log_normal(logits);
  const float share = mixing_share(weigh(prediction, logits, normal), weights_), against = share / (1 - share);
  // p_model + against * p_workspace: the ids that the workspace does not know keep their logits.
  for (const TokenChance& chance : prediction.chances) {
    if (std::size_t(chance.token) >= logits.size()) continue;
    float& logit = logits[std::size_t(chance.token)];
    logit = normal + std::log(std::exp(logit - normal) + against * chance.probability);
  }
}

}  // namespace engine

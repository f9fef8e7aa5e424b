// mixer.h: a model's next-token probabilities mixed with the workspace's: a private name is known the moment its file is indexed.
// mix() is GenerateRequest::mix: the logits become those of (1 - lambda) p_model + lambda p_workspace, up to a constant. lambda rises
// with the workspace's own certainty, the probability of what it holds likeliest, which count and unanimity of the match have gone
// into (predict.h), and with the match's length: logistic, its weights fitted to code (bench/mixing.cpp). Hellendoorn and Devanbu 2017; Khandelwal et al. 2020
// (kNN-LM).
// Costs a look-up and one pass over the logits. One generation's; one thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/ngram/predict.h"

namespace engine {

struct MixWeights {
  float bias = -3.56f;  // lambda = 1 / (1 + exp(-(bias + certainty * probability + this->length * ln(1 + length))))
  float certainty = 4.1f;
  float length = 0.7f;
};

class Mixer {
 public:
  // `context`: the text before the first token, in ids. `half_word`: what is steered after must go on from a half typed word, so
  // that at first all that followed is looked at: the one that fits may be rare.
  Mixer(std::shared_ptr<const NgramIndex> workspace, std::vector<TokenId> context, bool half_word = false, MixWeights weights = {})
      : workspace_(std::move(workspace)), text_(std::move(context)), given_(text_.size()), half_word_(half_word), weights_(weights) {}

  void mix(std::span<const TokenId> so_far, std::span<float> logits);

 private:
  std::shared_ptr<const NgramIndex> workspace_;
  std::vector<TokenId> text_;  // the context and what was generated
  std::size_t given_;
  bool half_word_;
  MixWeights weights_;
};

float mixing_share(float certainty, float length, const MixWeights& weights);
// lambda for what was found: 0 where the workspace is not to be asked.
float mixing_share(const Prediction& prediction, const MixWeights& weights);

}  // namespace engine

// mixer.h: a model's next-token probabilities mixed with the workspace's: a private name is known the moment its file is indexed.
// mix() is GenerateRequest::mix: the logits become those of (1 - lambda) p_model + lambda p_workspace, up to a constant. lambda comes from how
// certain both are, of what, and by how long a match (mixing_gate.h), moved by what this workspace's files have confirmed (mix_fit.h). Hellendoorn
// and Devanbu 2017; Khandelwal et al. 2020 (kNN-LM).
// Costs a look-up and two passes over the logits. One generation's; one thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/ngram/mixing_gate.h"
#include "engine/ngram/predict.h"

namespace engine {

// Added to what mixing_gate() gives: bias + certainty * evidence.certainty + length * ln(1 + evidence.length).
struct MixWeights {
  float bias = 0, certainty = 0, length = 0;
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

// lambda.
float mixing_share(const MixEvidence& evidence, const MixWeights& weights = {});

}  // namespace engine

// mixing_gate.h: how far the workspace is to be believed beside a model, from how sure each of them is and of what the other holds likely.
// weigh() looks at both distributions of the next token, mixing_gate() gives ln(share / (1 - share)) of the workspace's share. A network of
// eight units, fitted to lines of code that neither had seen, so that they are likeliest under the mixture: `bench_mixing --dump` writes what
// both said there, bench/mixing_gate.py fits, bench/results.md has what it is worth.
// Jacobs, Jordan, Nowlan and Hinton: "Adaptive Mixtures of Local Experts", 1991; Grave et al. 2017 (arXiv 1612.04426) mix with one constant. Pure.
#pragma once

#include <span>

#include "engine/ngram/predict.h"

namespace engine {

// What both say of the next token. Probabilities.
struct MixEvidence {
  float certainty = 0;           // of the workspace's likeliest token, by the workspace
  float length = 0;              // tokens of its longest match
  float model_certainty = 0;     // of the model's likeliest token, by the model
  float model_on_workspace = 0;  // of the workspace's likeliest token, by the model
  float workspace_on_model = 0;  // of the model's likeliest token, by the workspace
};

// ln of the sum of the exponentials: what a logit stands above a probability's logarithm. Of one at least.
float log_normal(std::span<const float> logits);

// `logits`: the model's, of all tokens; `normal`: their log_normal(). The prediction is not empty.
MixEvidence weigh(const Prediction& workspace, std::span<const float> logits, float normal);

float mixing_gate(const MixEvidence& evidence);

}  // namespace engine

// mix_fit.h: the mixing's weights, learned from what a user's own files confirm.
// A sample is a token that stood in a file: how certain workspace and model were of something there, and how likely both held that very token. fit_mixing() gives the weights under which the tokens are likeliest, drawn towards `start`, so that few samples change
// little. Berndt, Hall, Hall and Hausman: "Estimation and Inference in Nonlinear Structural Models", 1974. Pure.
#pragma once

#include <span>

#include "engine/ngram/mixer.h"

namespace engine {

struct MixSample {
  MixEvidence evidence;
  float model = 0, workspace = 0;  // probabilities of the token that stood there
};

MixWeights fit_mixing(std::span<const MixSample> samples, const MixWeights& start = {});

// Mean of -ln of what the mixture gave, in nats a token.
float mixing_loss(std::span<const MixSample> samples, const MixWeights& weights);

}  // namespace engine

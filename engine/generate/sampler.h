// sampler.h: logits to one id: greedy, or drawn by temperature, top-k, top-p and min-p.
// choose() is pure apart from its Random; the same seed gives the same ids on every machine and library.
// Order of the filters: top_k, top_p, min_p, on temperature-scaled logits.
#pragma once

#include <span>

#include "engine/engine.h"
#include "engine/random.h"

namespace engine {

// -infinity bans an id. At least one logit is finite; otherwise the first id is returned.
TokenId choose(std::span<const float> logits, const Sampling& sampling, Random& random);

// Natural log-probability of an id under softmax(logits), summed in double.
float log_probability(std::span<const float> logits, TokenId id);

}  // namespace engine

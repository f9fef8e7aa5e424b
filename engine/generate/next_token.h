// next_token.h: from a row of logits to what may come next: mixed with what else is known, then bans and steering.
// Changes the row in place; log-probabilities are those of the mixture, before bans and steering. Pure apart from the request's own functions.
#pragma once

#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/generate/sampler.h"

namespace engine {

GeneratedToken next_token(std::span<float> logits, const GenerateRequest& request, std::span<const TokenId> so_far, Random& random);

struct NextToken {
  TokenId id = 0;
  float logprob = 0;   // of the mixture
  float promise = 0;   // the same after steering, which may know what follows
};

// The likeliest after steering, at most `most`, the first of them first; none that is banned.
std::vector<NextToken> next_tokens(std::span<float> logits, const GenerateRequest& request, std::span<const TokenId> so_far, std::size_t most);

}  // namespace engine

// predict.h: counts of what followed a context, at every length, to one probability for each token.
// predict() blends from the shortest context to the longest: each length's own counts against all that the shorter ones said,
// by lambda = n / (n + k), n its count and k the smaller the longer the context and the fewer different tokens followed it. What is left
// over is for tokens never seen. Witten and Bell: "The Zero-Frequency Problem", 1991 (PPM's method C). Pure.
#pragma once

#include <vector>

#include "engine/ngram/index.h"

namespace engine {

struct BlendWeights {
  float k = 10;     // k is this, times the different tokens, by (length + 1)^decay
  float decay = 1;
};

// Occurrences that a look-up for predict() takes from each part of an index. Where a word is half typed, all that followed is looked at:
// the one that fits may be rare.
inline constexpr std::size_t kSamples = 256, kSamplesForHalfWord = 8192;

struct TokenChance {
  TokenId token = 0;  // kSeparator: the document ends
  float probability = 0;
};

struct Prediction {
  std::vector<TokenChance> chances;  // the likeliest first; their sum is at most 1
  std::uint32_t length = 0;          // of the longest context that anything followed
  float count = 0;                   // of what followed it
  float agreement = 0;               // share of the most frequent among these
};

float probability_of(const Prediction& prediction, TokenId token);  // 0: it was never seen there

Prediction predict(const LookUp& found, const BlendWeights& weights = {});

}  // namespace engine

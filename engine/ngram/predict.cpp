#include "engine/ngram/predict.h"

#include <algorithm>
#include <cmath>

namespace engine {
namespace {

struct Tally {
  TokenId token = 0;
  double count = 0;        // at this length and longer ones
  double probability = 0;  // by the shorter ones
};

std::vector<Tally> tallies(const std::vector<Continuation>& continuations) {
  std::vector<Tally> out;
  for (const Continuation& one : continuations) out.push_back({one.token, 0, 0});
  std::sort(out.begin(), out.end(), [](const Tally& a, const Tally& b) { return a.token < b.token; });
  out.erase(std::unique(out.begin(), out.end(), [](const Tally& a, const Tally& b) { return a.token == b.token; }), out.end());
  return out;
}

Tally& of(std::vector<Tally>& tallies, TokenId token) {
  return *std::lower_bound(tallies.begin(), tallies.end(), token, [](const Tally& tally, TokenId t) { return tally.token < t; });
}

}  // namespace

float probability_of(const Prediction& prediction, TokenId token) {
  const auto found = std::ranges::find(prediction.chances, token, &TokenChance::token);
  return found == prediction.chances.end() ? 0 : found->probability;
}

Prediction predict(const LookUp& found, const BlendWeights& weights) {
  Prediction out;
  const auto& continuations = found.continuations;
  if (continuations.empty()) return out;
  std::vector<Tally> all = tallies(continuations);
  double total = 0;  // where a sample stands for thousands, what floats leave of their difference would look like a count
  for (const Continuation& one : continuations) {
    of(all, one.token).count += one.count;
    total += one.count;
  }
  out.length = continuations.front().length;
  // From the shortest: continuations are sorted by length, the longest first.
  for (std::size_t end = continuations.size(); end > 0;) {
    const std::uint32_t length = continuations[end - 1].length;
    const auto kinds = double(std::count_if(all.begin(), all.end(), [](const Tally& tally) { return tally.count > 1e-3; }));
    const double k = double(weights.k) * kinds / std::pow(double(length) + 1, double(weights.decay));
    for (Tally& tally : all) tally.probability = (tally.count + k * tally.probability) / (total + k);
    for (; end > 0 && continuations[end - 1].length == length; --end) {
      const Continuation& one = continuations[end - 1];
      of(all, one.token).count -= one.count;
      total -= one.count;
      if (length == out.length) {
        out.count += one.count;
        out.agreement = std::max(out.agreement, one.count);
      }
    }
    if (total < 1e-3) break;
  }
  out.agreement /= out.count;
  out.chances.reserve(all.size());
  for (const Tally& tally : all) out.chances.push_back({tally.token, float(std::max(tally.probability, 0.0))});
  std::sort(out.chances.begin(), out.chances.end(), [](const TokenChance& a, const TokenChance& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.token < b.token;
  });
  return out;
}

}  // namespace engine

#include "engine/ngram/mix_fit.h"

#include <cmath>

namespace engine {
namespace {

constexpr double kPrior = 8;     // inverse variance of what the weights are thought to be, around `start`
constexpr double kLeast = 1e-7;  // a probability that is not 0
constexpr int kSteps = 30;

double share_of(const MixSample& sample, double bias, double certainty) { return 1 / (1 + std::exp(-(bias + certainty * sample.certainty))); }

// The sum that is to be small: loss of all samples, and the distance from the start.
double cost(std::span<const MixSample> samples, const MixWeights& start, double bias, double certainty) {
  double sum = kPrior / 2 * (std::pow(bias - start.bias, 2) + std::pow(certainty - start.certainty, 2));
  for (const MixSample& s : samples) {
    const double share = share_of(s, bias, certainty);
    sum -= std::log((1 - share) * s.model + share * s.workspace + kLeast);
  }
  return sum;
}

}  // namespace

MixWeights fit_mixing(std::span<const MixSample> samples, const MixWeights& start) {
  double bias = start.bias, certainty = start.certainty, now = cost(samples, start, bias, certainty);
  for (int step = 0; step < kSteps; ++step) {
    // Gradient, and the sum of its outer products in place of the second derivative.
    double g0 = kPrior * (bias - start.bias), g1 = kPrior * (certainty - start.certainty), h00 = kPrior, h01 = 0, h11 = kPrior;
    for (const MixSample& s : samples) {
      const double share = share_of(s, bias, certainty);
      const double slope = -(s.workspace - s.model) * share * (1 - share) / ((1 - share) * s.model + share * s.workspace + kLeast);
      g0 += slope, g1 += slope * s.certainty;
      h00 += slope * slope, h01 += slope * slope * s.certainty, h11 += slope * slope * s.certainty * s.certainty;
    }
    const double determinant = h00 * h11 - h01 * h01;
    const double d0 = (h11 * g0 - h01 * g1) / determinant, d1 = (h00 * g1 - h01 * g0) / determinant;
    double scale = 1, then = now;
    for (; scale > 1e-3; scale /= 2)
      if (then = cost(samples, start, bias - scale * d0, certainty - scale * d1); then < now) break;
    if (!(then < now)) break;
    bias -= scale * d0, certainty -= scale * d1;
    const double gained = now - then;
    now = then;
    if (gained < 1e-6) break;
  }
  return {float(bias), float(certainty)};
}

float mixing_loss(std::span<const MixSample> samples, const MixWeights& weights) {
  if (samples.empty()) return 0;
  double sum = 0;
  for (const MixSample& s : samples) {
    const double share = share_of(s, weights.bias, weights.certainty);
    sum -= std::log((1 - share) * s.model + share * s.workspace + kLeast);
  }
  return float(sum / double(samples.size()));
}

}  // namespace engine

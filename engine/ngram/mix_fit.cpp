#include "engine/ngram/mix_fit.h"

#include <array>
#include <cmath>

namespace engine {
namespace {

constexpr double kPrior = 8;     // inverse variance of what the weights are thought to be, around `start`
constexpr double kLeast = 1e-7;  // a probability that is not 0
constexpr int kSteps = 30;
constexpr std::size_t kWeights = 3;

using Vector = std::array<double, kWeights>;
using Matrix = std::array<Vector, kWeights>;

Vector to_vector(const MixWeights& weights) { return {weights.bias, weights.certainty, weights.length}; }
MixWeights to_weights(const Vector& w) { return {float(w[0]), float(w[1]), float(w[2])}; }

// What a sample's share is the logistic function of: a sum of these, by weight, and what the gate says.
struct Seen {
  Vector x;
  double gate = 0;
};
Seen seen(const MixSample& sample) { return {{1, sample.evidence.certainty, std::log1p(double(sample.evidence.length))}, mixing_gate(sample.evidence)}; }

double share_of(const Seen& seen, const Vector& w) {
  double sum = seen.gate;
  for (std::size_t i = 0; i < kWeights; ++i) sum += w[i] * seen.x[i];
  return 1 / (1 + std::exp(-sum));
}

double given(const MixSample& sample, double share) { return (1 - share) * sample.model + share * sample.workspace + kLeast; }

// The sum that is to be small: loss of all samples, and the distance from the start.
double cost(std::span<const MixSample> samples, const Vector& start, const Vector& w) {
  double sum = 0;
  for (std::size_t i = 0; i < kWeights; ++i) sum += kPrior / 2 * std::pow(w[i] - start[i], 2);
  for (const MixSample& sample : samples) sum -= std::log(given(sample, share_of(seen(sample), w)));
  return sum;
}

// a x = b, by elimination: a is symmetric and positive definite.
Vector solve(Matrix a, Vector b) {
  for (std::size_t i = 0; i < kWeights; ++i)
    for (std::size_t j = i + 1; j < kWeights; ++j) {
      const double factor = a[j][i] / a[i][i];
      for (std::size_t k = i; k < kWeights; ++k) a[j][k] -= factor * a[i][k];
      b[j] -= factor * b[i];
    }
  for (std::size_t i = kWeights; i-- > 0;) {
    for (std::size_t k = i + 1; k < kWeights; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

// The step that the gradient asks for, with the sum of its outer products in place of the second derivative.
Vector step_from(std::span<const MixSample> samples, const Vector& start, const Vector& w) {
  Vector gradient{};
  Matrix outer{};
  for (std::size_t i = 0; i < kWeights; ++i) gradient[i] = kPrior * (w[i] - start[i]), outer[i][i] = kPrior;
  for (const MixSample& sample : samples) {
    const Seen at = seen(sample);
    const Vector& x = at.x;
    const double share = share_of(at, w), slope = -(sample.workspace - sample.model) * share * (1 - share) / given(sample, share);
    for (std::size_t i = 0; i < kWeights; ++i) {
      gradient[i] += slope * x[i];
      for (std::size_t j = 0; j < kWeights; ++j) outer[i][j] += slope * slope * x[i] * x[j];
    }
  }
  return solve(outer, gradient);
}

}  // namespace

MixWeights fit_mixing(std::span<const MixSample> samples, const MixWeights& start) {
  const Vector begin = to_vector(start);
  Vector w = begin;
  double now = cost(samples, begin, w);
  for (int step = 0; step < kSteps; ++step) {
    const Vector direction = step_from(samples, begin, w);
    Vector next = w;
    double then = now;
    for (double scale = 1; scale > 1e-3 && !(then < now); scale /= 2) {
      for (std::size_t i = 0; i < kWeights; ++i) next[i] = w[i] - scale * direction[i];
      then = cost(samples, begin, next);
    }
    if (!(then < now)) break;
    const double gained = now - then;
    w = next, now = then;
    if (gained < 1e-6) break;
  }
  return to_weights(w);
}

float mixing_loss(std::span<const MixSample> samples, const MixWeights& weights) {
  if (samples.empty()) return 0;
  double sum = 0;
  for (const MixSample& sample : samples) sum -= std::log(given(sample, share_of(seen(sample), to_vector(weights))));
  return float(sum / double(samples.size()));
}

}  // namespace engine

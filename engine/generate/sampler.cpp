#include "engine/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/kernels/kernels.h"

namespace engine {
namespace {

struct Candidate {
  TokenId id;
  double weight;  // unnormalised probability; the likeliest has 1
};

bool likelier(const Candidate& a, const Candidate& b) { return a.weight != b.weight ? a.weight > b.weight : a.id < b.id; }

std::vector<Candidate> weigh(std::span<const float> logits, double temperature) {
  float most = -std::numeric_limits<float>::infinity();
  for (const float logit : logits) most = std::max(most, logit);
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double weight = std::exp((double(logits[i]) - most) / temperature);
    if (weight > 0) candidates.push_back({TokenId(i), weight});
  }
  return candidates;
}

double total(const std::vector<Candidate>& candidates) {
  double sum = 0;
  for (const Candidate& c : candidates) sum += c.weight;
  return sum;
}

void keep_top_k(std::vector<Candidate>& candidates, int k) {
  if (k <= 0 || size_t(k) >= candidates.size()) return;
  std::nth_element(candidates.begin(), candidates.begin() + k, candidates.end(), likelier);
  candidates.resize(size_t(k));
}

// The smallest set of likeliest candidates whose probability reaches p. A heap: the set is small, the vocabulary is not.
void keep_top_p(std::vector<Candidate>& candidates, double p) {
  if (p >= 1) return;
  const auto later = [](const Candidate& a, const Candidate& b) { return likelier(b, a); };
  const double wanted = p * total(candidates);
  std::vector<Candidate> kept;
  std::make_heap(candidates.begin(), candidates.end(), later);
  for (double sum = 0; !candidates.empty() && (kept.empty() || sum < wanted); sum += kept.back().weight) {
    std::pop_heap(candidates.begin(), candidates.end(), later);
    kept.push_back(candidates.back());
    candidates.pop_back();
  }
  candidates = std::move(kept);
}

void keep_min_p(std::vector<Candidate>& candidates, double p) {
  if (p <= 0) return;
  const double least = std::min(p, 1.0);  // of the likeliest, whose weight is 1
  std::erase_if(candidates, [&](const Candidate& c) { return c.weight < least; });
}

}  // namespace

TokenId choose(std::span<const float> logits, const Sampling& sampling, Random& random) {
  if (sampling.temperature <= 0) return TokenId(kernels().fused->argmax(logits.data(), std::int64_t(logits.size())));
  std::vector<Candidate> candidates = weigh(logits, sampling.temperature);
  if (candidates.empty()) return 0;
  keep_top_k(candidates, sampling.top_k);
  keep_top_p(candidates, sampling.top_p);
  keep_min_p(candidates, sampling.min_p);
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  double left = random.uniform() * total(candidates);
  for (const Candidate& c : candidates)
    if ((left -= c.weight) < 0) return c.id;
  return candidates.back().id;
}

float log_probability(std::span<const float> logits, TokenId id) {
  return float(double(logits[size_t(id)]) - kernels().fused->log_sum_exp(logits.data(), std::int64_t(logits.size())));
}

}  // namespace engine

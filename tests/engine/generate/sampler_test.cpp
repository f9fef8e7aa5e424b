// From logits to one id: what each filter leaves, how often each id is drawn, and that a seed means the same everywhere.
#include "engine/generate/sampler.h"

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "support/catch.h"

namespace {

using engine::choose;
using engine::Random;
using engine::Sampling;
using engine::TokenId;

constexpr float kBanned = -std::numeric_limits<float>::infinity();

// Probabilities .4 .3 .15 .1 .05, out of order.
const std::vector<float> kLogits = {std::log(0.1F), std::log(0.4F), std::log(0.05F), std::log(0.3F), std::log(0.15F)};

std::map<TokenId, int> drawn(const std::vector<float>& logits, const Sampling& sampling, int times) {
  Random random(sampling.seed);
  std::map<TokenId, int> counts;
  for (int i = 0; i < times; ++i) ++counts[choose(logits, sampling, random)];
  return counts;
}

std::set<TokenId> possible(const Sampling& sampling) {
  std::set<TokenId> ids;
  for (const auto& [id, count] : drawn(kLogits, sampling, 4000)) ids.insert(id);
  return ids;
}

}  // namespace

TEST_CASE("sampler: each filter leaves what it should") {
  struct Case {
    Sampling sampling;
    std::set<TokenId> left;
  };
  const Case cases[] = {
      {{.temperature = 1}, {0, 1, 2, 3, 4}},
      {{.temperature = 1, .top_k = 1}, {1}},
      {{.temperature = 1, .top_k = 3}, {1, 3, 4}},
      {{.temperature = 1, .top_k = 100}, {0, 1, 2, 3, 4}},
      {{.temperature = 1, .top_p = 0.0}, {1}},               // never empty
      {{.temperature = 1, .top_p = 0.39}, {1}},
      {{.temperature = 1, .top_p = 0.41}, {1, 3}},           // the one that reaches p belongs to it
      {{.temperature = 1, .top_p = 0.84}, {1, 3, 4}},
      {{.temperature = 1, .min_p = 0.3}, {1, 3, 4}},         // .3 of .4 is .12
      {{.temperature = 1, .min_p = 0.2}, {0, 1, 3, 4}},
      {{.temperature = 1, .min_p = 7}, {1}},
      {{.temperature = 1, .top_k = 2, .top_p = 0.5}, {1}},   // .4 of the .7 that top_k left is more than half
      {{.temperature = 0.05}, {1, 3}},                       // nearly greedy: .3 of .4 to the 20th is 1 in 300
  };
  for (const Case& c : cases) {
    INFO("top_k " << c.sampling.top_k << " top_p " << c.sampling.top_p << " min_p " << c.sampling.min_p << " temperature " << c.sampling.temperature);
    CHECK(possible(c.sampling) == c.left);
  }
}

TEST_CASE("sampler: ids are drawn as often as their probability says") {
  const int times = 40000;
  auto counts = drawn(kLogits, {.temperature = 1, .seed = 3}, times);
  for (const auto& [id, count] : counts) {
    const double p = std::exp(kLogits[std::size_t(id)]), deviation = std::sqrt(times * p * (1 - p));
    INFO("id " << id);
    CHECK(std::abs(count - times * p) < 4 * deviation);
  }
  auto hot = drawn(kLogits, {.temperature = 2, .top_k = 2, .seed = 4}, times);  // sqrt(.4) : sqrt(.3)
  CHECK(double(hot[1]) / hot[3] == Approx(std::sqrt(4.0 / 3)).margin(0.05));
}

TEST_CASE("sampler: a seed gives the same ids on every machine") {
  Random random(42);
  std::vector<TokenId> ids;
  for (int i = 0; i < 16; ++i) ids.push_back(choose(kLogits, {.temperature = 1.5, .top_p = 0.97}, random));
  CHECK(Random(0).uniform() == 0xE220A8397B1DCDAFull / 2048 * 0x1.0p-53);  // SplitMix64's first number from seed 0
  CHECK(ids == std::vector<TokenId>{3, 1, 1, 1, 0, 4, 1, 3, 1, 3, 1, 2, 2, 2, 3, 1});
}

TEST_CASE("sampler: greedy takes the first of equals, and nothing takes a banned id") {
  Random random(1);
  CHECK(choose(std::vector<float>{1, 5, 5, 2}, {}, random) == 1);
  CHECK(choose(std::vector<float>{kBanned, -3, kBanned}, {}, random) == 1);
  for (int i = 0; i < 200; ++i) CHECK(choose(std::vector<float>{kBanned, -900, kBanned, -900}, {.temperature = 3}, random) % 2 == 1);
  CHECK(choose(std::vector<float>{kBanned, kBanned}, {.temperature = 1}, random) == 0);
}

TEST_CASE("sampler: log-probabilities are those of softmax, also of large logits") {
  double sum = 0;
  for (std::size_t i = 0; i < kLogits.size(); ++i) sum += std::exp(double(engine::log_probability(kLogits, TokenId(i))));
  CHECK(sum == Approx(1).margin(1e-6));
  CHECK(engine::log_probability(kLogits, 3) == Approx(std::log(0.3)).margin(1e-6));
  CHECK(engine::log_probability(std::vector<float>{1e4F, 1e4F}, 0) == Approx(std::log(0.5)).margin(1e-6));
  CHECK(engine::log_probability(std::vector<float>{0, kBanned}, 1) == kBanned);
}

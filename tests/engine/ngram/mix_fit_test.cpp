#include "engine/ngram/mix_fit.h"

#include <cmath>
#include <random>

#include "support/catch.h"

using namespace engine;

namespace {

constexpr MixEvidence kUnsure{.certainty = 0.6f, .length = 3, .model_certainty = 0.4f, .model_on_workspace = 0.01f, .workspace_on_model = 0.1f};

// Tokens drawn from the mixture with these weights, where the workspace expects one, the model another, and both leave room for a third.
std::vector<MixSample> drawn(std::size_t count, MixWeights truth, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  std::vector<MixSample> out;
  for (std::size_t i = 0; i < count; ++i) {
    const float certainty = uniform(random), length = std::floor(12 * uniform(random)), likely = 0.2f;
    const MixEvidence evidence{certainty, length, likely, 0.05f, 0.05f};
    const float share = mixing_share(evidence, truth);
    const float at = uniform(random);
    if (at < share * certainty) out.push_back({evidence, 0, certainty});
    else if (at < share * certainty + (1 - share) * likely) out.push_back({evidence, likely, 0});
    else out.push_back({evidence, 1 - likely, 1 - certainty});
  }
  return out;
}

}  // namespace

TEST_CASE("without samples the weights stay, and few change little") {
  const MixWeights start;
  const MixWeights none = fit_mixing({}, start);
  CHECK(none.bias == Approx(start.bias));
  CHECK(none.certainty == Approx(start.certainty));
  CHECK(none.length == Approx(start.length));
  const std::vector<MixSample> few(3, {.evidence = kUnsure, .model = 0.9f, .workspace = 0.01f});
  const MixWeights after = fit_mixing(few, start);
  CHECK(std::abs(after.bias - start.bias) < 0.3f);
  CHECK(mixing_loss(few, after) < mixing_loss(few, start));
}

TEST_CASE("a workspace that is right is believed, one that is wrong is not, whatever the start") {
  const std::vector<MixSample> right(500, {.evidence = kUnsure, .model = 0.001f, .workspace = 0.6f}), wrong(500, {.evidence = kUnsure, .model = 0.4f, .workspace = 0.001f});
  const auto share = [](const MixWeights& w) { return mixing_share(kUnsure, w); };
  for (const MixWeights start : {MixWeights{}, MixWeights{-3, 1, 0}, MixWeights{2, 3, 1}}) {
    CHECK(share(fit_mixing(right, start)) > 0.9f);
    CHECK(share(fit_mixing(wrong, start)) < 0.1f);
  }
}

TEST_CASE("the weights that drew the samples come back") {
  const MixWeights truth{-1.5f, 2, 0.7f};
  const auto samples = drawn(20'000, truth, 7);
  const MixWeights found = fit_mixing(samples);
  CHECK(found.bias == Approx(truth.bias).margin(0.5));
  CHECK(found.certainty == Approx(truth.certainty).margin(0.9));
  CHECK(found.length == Approx(truth.length).margin(0.4));
  CHECK(mixing_loss(samples, found) <= mixing_loss(samples, truth) + 1e-3f);
  CHECK(mixing_loss(samples, found) < mixing_loss(samples, {}));
}

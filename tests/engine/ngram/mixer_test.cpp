#include "engine/ngram/mixer.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "support/catch.h"

namespace {

using namespace engine;

std::shared_ptr<const NgramIndex> workspace(std::vector<TokenId> tokens) {
  return std::make_shared<const NgramIndex>(NgramIndex().with(Segment::build({{1, std::move(tokens)}})));
}

}  // namespace

TEST_CASE("a mixture is a distribution: the model's where the workspace knows nothing, else nearer to what it saw") {
  const std::vector<float> own = {0.f, 1.f, 2.f, 0.5f, 0.f, 0.f};
  const auto mixed = [&](std::vector<TokenId> pool, std::vector<TokenId> context, std::vector<TokenId> so_far) {
    std::vector<float> logits = own;
    Mixer mixer(workspace(std::move(pool)), std::move(context));
    mixer.mix(so_far, logits);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(logit);
    for (float& logit : logits) logit -= float(std::log(sum));
    return logits;
  };
  const auto alone = mixed({3, 4, 5}, {0, 1}, {});
  CHECK(alone[2] - alone[1] == Approx(1));
  const auto helped = mixed({0, 1, 3, 0, 1, 3, 0, 1, 3}, {0}, {1});
  CHECK(std::exp(helped[3]) > 2 * std::exp(alone[3]));
  CHECK(helped[2] < alone[2]);
}

TEST_CASE("the share grows with the workspace's certainty, with the match's length, and with the model's doubt") {
  const MixEvidence usual{.certainty = 0.5f, .length = 4, .model_certainty = 0.5f, .model_on_workspace = 0.05f, .workspace_on_model = 0.05f};
  const auto share = [&](auto&& change) {
    MixEvidence evidence = usual;
    change(evidence);
    return mixing_share(evidence);
  };
  const auto certain = [&](float certainty) { return share([&](MixEvidence& e) { e.certainty = certainty, e.workspace_on_model = (1 - certainty) / 10; }); };
  CHECK(certain(0.9f) > certain(0.5f));
  CHECK(certain(0.5f) > certain(0.1f));
  CHECK(certain(0.99f) > 0.7f);
  CHECK(certain(0.01f) < 0.4f);
  const auto long_match = [&](float length) { return share([&](MixEvidence& e) { e.length = length; }); };
  CHECK(long_match(16) > long_match(1));
  const auto doubting = [&](float certainty) { return share([&](MixEvidence& e) { e.model_certainty = certainty, e.model_on_workspace = std::min(0.01f, 1 - certainty); }); };
  CHECK(doubting(0.1f) > doubting(0.95f));
}

TEST_CASE("what is weighed are both distributions' own numbers") {
  const std::vector<float> logits = {0.f, std::log(6.f), std::log(2.f), 0.f};
  const float normal = log_normal(logits);
  CHECK(normal == Approx(std::log(10.f)));
  const Prediction workspace{.chances = {{2, 0.7f}, {1, 0.2f}}, .length = 5};
  const MixEvidence seen = weigh(workspace, logits, normal);
  CHECK(seen.certainty == 0.7f);
  CHECK(seen.length == 5);
  CHECK(seen.model_certainty == Approx(0.6));
  CHECK(seen.model_on_workspace == Approx(0.2));
  CHECK(seen.workspace_on_model == 0.2f);
  CHECK(weigh({.chances = {{9, 0.7f}}}, logits, normal).model_on_workspace == 0);
  CHECK(weigh({.chances = {{kSeparator, 0.7f}}}, logits, normal).workspace_on_model == 0);
}

TEST_CASE("whatever is weighed, the share is one") {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (int i = 0; i < 1000; ++i) {
    const float share = mixing_share({uniform(random), std::floor(40 * uniform(random)), uniform(random), uniform(random), uniform(random)});
    REQUIRE(share > 0);
    REQUIRE(share < 1);
  }
}

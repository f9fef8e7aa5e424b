#include "engine/ngram/mixer.h"

#include <cmath>

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

TEST_CASE("the share grows with the workspace's certainty, and with the match's length") {
  const auto share = [](float certainty, std::uint32_t length = 3) { return mixing_share({.chances = {{1, certainty}, {2, 0.01f}}, .length = length}, {}); };
  CHECK(share(0.5f, 20) > share(0.5f, 10));
  CHECK(share(0.5f, 10) > share(0.5f, 1));
  CHECK(share(0.9f) > share(0.5f));
  CHECK(share(0.5f) > share(0.1f));
  CHECK(share(0.99f) < 1);
  CHECK(share(0.01f) > 0);
  CHECK(mixing_share({}, {}) == 0);
}

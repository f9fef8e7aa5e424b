// Slopes of ALiBi: the paper's for powers of two, and what the authors' code does between them.
#include "engine/layers/alibi.h"

#include "support/catch.h"

namespace {

void check(std::int64_t heads, const std::vector<double>& expected) {
  const torch::Tensor slopes = engine::alibi_slopes(heads);
  INFO(heads << " heads");
  REQUIRE(slopes.numel() == std::int64_t(expected.size()));
  for (std::int64_t h = 0; h < heads; ++h) CHECK(slopes[h].item<float>() == Approx(expected[size_t(h)]).epsilon(1e-6));
}

}  // namespace

TEST_CASE("alibi: powers of two, and others") {
  check(1, {1.0 / 256});
  check(2, {1.0 / 16, 1.0 / 256});
  check(4, {1.0 / 4, 1.0 / 16, 1.0 / 64, 1.0 / 256});
  check(8, {0.5, 0.25, 0.125, 1.0 / 16, 1.0 / 32, 1.0 / 64, 1.0 / 128, 1.0 / 256});
  check(3, {1.0 / 16, 1.0 / 256, 1.0 / 4});                                      // of 2 heads, then the first of 4
  check(6, {1.0 / 4, 1.0 / 16, 1.0 / 64, 1.0 / 256, 1.0 / 2, 1.0 / 8});          // of 4, then every other of 8
  check(7, {1.0 / 4, 1.0 / 16, 1.0 / 64, 1.0 / 256, 1.0 / 2, 1.0 / 8, 1.0 / 32});
}

// Products on the matrix unit against sums in double, where the processor has one; elsewhere attention's other products serve.
#include "engine/layers/tile_products.h"

#include <array>
#include <cmath>
#include <random>

#include "engine/layers/line_aligned.h"
#include "support/catch.h"

using namespace engine;

namespace {

Bf16 rounded(float x) {
  Bf16 out;
  put(out, x);
  return out;
}

void check(Product p, std::mt19937& random) {
  p.a_stride = p.inner + 8, p.b_stride = p.columns + 16, p.c_stride = p.columns + 4;
  std::normal_distribution<float> normal;
  LineAligned<Bf16> a(std::size_t(p.rows * p.a_stride)), b(std::size_t(p.inner * p.b_stride));
  for (Bf16& x : a) x = rounded(normal(random));
  for (Bf16& x : b) x = rounded(normal(random));
  LineAligned<float> before(std::size_t(p.rows * p.c_stride), 3.5F), c = before;
  multiply_by_tiles(p, a.data(), b.data(), c.data());
  CAPTURE(p.rows, p.columns, p.inner, p.adds);
  for (std::int64_t r = 0; r < p.rows; ++r)
    for (std::int64_t column = 0; column < p.c_stride; ++column) {
      const std::size_t at = std::size_t(r * p.c_stride + column);
      if (column >= p.columns) {
        REQUIRE(c[at] == before[at]);  // what lies between rows is another's
        continue;
      }
      double sum = p.adds ? before[at] : 0;
      for (std::int64_t k = 0; k < p.inner; ++k)
        sum += double(wide(a[std::size_t(r * p.a_stride + k)])) * double(wide(b[std::size_t(k / 2 * 2 * p.b_stride + 2 * column + k % 2)]));
      REQUIRE(c[at] == Approx(sum).margin(1e-3 * std::sqrt(double(p.inner))));
    }
}

}  // namespace

TEST_CASE("products on the matrix unit are sums of products") {
  if (!can_tile()) return;
  std::mt19937 random(3);
  for (const auto& [rows, columns, inner] : {std::array<std::int64_t, 3>{16, 16, 32}, {32, 32, 64}, {48, 80, 96}, {64, 16, 512}, {16, 112, 32}})
    for (const bool adds : {false, true}) check({rows, columns, inner, 0, 0, 0, adds}, random);
}

TEST_CASE("what does not fill the matrix unit's tiles is not for it") {
  if (!can_tile()) return;
  CHECK(fits_tiles({16, 16, 32, 0, 0, 0}));
  CHECK_FALSE(fits_tiles({15, 16, 32, 0, 0, 0}));
  CHECK_FALSE(fits_tiles({16, 24, 32, 0, 0, 0}));
  CHECK_FALSE(fits_tiles({16, 16, 48, 0, 0, 0}));
}

// Every table this processor runs against the reference. A wider one (AVX-512) is tested on the machines that have it.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "engine/kernels/kernels.h"
#include "engine/quant/weights_of.h"
#include "support/catch.h"

namespace {

using engine::GroupedWeight;
using engine::Kernels;
using tests::Form;

const Form kForms[] = {{1, 32, 4, 32, 0, false},  {1, 32, 8, 32, 0, false}, {3, 32, 4, 16, 4, false}, {5, 64, 4, 32, 8, false},
                       {7, 96, 8, 16, 0, false},  {2, 160, 4, 32, 0, true}, {9, 256, 4, 16, 0, true}, {13, 576, 4, 32, 0, true},
                       {6, 896, 8, 32, 0, true},  {3, 4864, 4, 32, 8, false}, {2, 9216, 4, 16, 0, true}, {2, 16416, 8, 32, 0, true},
                       {1, 33024, 4, 16, 0, true}};

std::vector<float> random_floats(std::mt19937& random, std::int64_t count) {
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = normal(random);
  return values;
}

// What the rounding of f32 sums may be off by: proportional to the sum of magnitudes, also of what cancels.
double tolerance(const GroupedWeight& w, std::int64_t row, const float* x) {
  double magnitude = 0;
  for (std::int64_t c = 0; c < w.columns; ++c) {
    const auto g = std::size_t((row * w.columns + c) / w.group);
    const double most = w.bits == 8 ? 128 : 16, minimum = w.minimums.empty() ? 0 : std::abs(w.minimums[g]);
    magnitude += (most * std::abs(w.scales[g]) + minimum) * std::abs(double(x[c]));
  }
  return magnitude * 1e-6 + 1e-30;
}

void check_matmul(const Kernels& table, const GroupedWeight& w, const std::vector<float>& x, std::int64_t count) {
  const float untouched = -12345;
  std::vector<float> wanted(std::size_t(count * w.rows)), got(wanted.size(), untouched);
  engine::reference_kernels().grouped_matmul(w, 0, w.rows, x.data(), count, wanted.data());
  const std::int64_t split = w.rows / 2;  // two calls, as two threads would
  table.grouped_matmul(w, 0, split, x.data(), count, got.data());
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t row = split; row < w.rows; ++row) REQUIRE(got[std::size_t(i * w.rows + row)] == untouched);
  table.grouped_matmul(w, split, w.rows, x.data(), count, got.data());
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t row = 0; row < w.rows; ++row) {
      const auto at = std::size_t(i * w.rows + row);
      INFO(table.name << " [" << w.rows << ", " << w.columns << "] bits " << w.bits << " group " << w.group << " input " << i << " of " << count << " row " << row);
      REQUIRE(std::abs(double(got[at]) - double(wanted[at])) <= tolerance(w, row, x.data() + i * w.columns));
    }
}

}  // namespace

TEST_CASE("kernels: grouped_matmul agrees with the reference") {
  std::mt19937 random(7);
  for (const Kernels* table : engine::runnable_kernels())
    for (const Form& form : kForms) {
      const GroupedWeight w = random_weight(random, form);
      for (const std::int64_t count : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17}) check_matmul(*table, w, random_floats(random, count * form.columns), count);
    }
}

TEST_CASE("kernels: grouped_matmul keeps extreme values") {
  std::mt19937 random(8);
  for (const Kernels* table : engine::runnable_kernels())
    for (const Form& form : {Form{4, 64, 4, 32, 8, false}, Form{4, 64, 8, 32, 0, false}, Form{4, 64, 4, 16, 0, true}}) {
      GroupedWeight w = random_weight(random, form);
      for (const float size : {1e-30F, 1e-10F, 1e10F, 1e30F}) {
        auto x = random_floats(random, 3 * form.columns);
        for (float& v : x) v *= size;
        check_matmul(*table, w, x, 3);
      }
      std::vector<float> x(64, 0.0F), y(4);
      x[33] = std::numeric_limits<float>::quiet_NaN();  // must not be lost in a tail
      table->grouped_matmul(w, 0, 4, x.data(), 1, y.data());
      for (const float v : y) CHECK(std::isnan(v));
    }
}

TEST_CASE("kernels: grouped_expand is the reference bit for bit") {
  std::mt19937 random(9);
  for (const Kernels* table : engine::runnable_kernels())
    for (const Form& form : kForms) {
      GroupedWeight w = random_weight(random, form);
      w.scales[0] = 0x1p-140F;  // a subnormal
      std::vector<float> wanted(std::size_t(form.rows * form.columns)), got(wanted.size());
      engine::reference_kernels().grouped_expand(w, 0, form.rows, wanted.data());
      for (std::int64_t row = 0; row < form.rows; ++row) table->grouped_expand(w, row, 1, got.data() + row * form.columns);
      INFO(table->name << " [" << form.rows << ", " << form.columns << "] bits " << form.bits << " group " << form.group);
      CHECK(std::memcmp(wanted.data(), got.data(), wanted.size() * sizeof(float)) == 0);
    }
}

TEST_CASE("kernels: the best table is one that runs here") {
  REQUIRE_FALSE(engine::runnable_kernels().empty());
  CHECK(engine::runnable_kernels().front()->name == "portable");
  CHECK(&engine::kernels() == engine::runnable_kernels().back());
}

// Encoding: what is written reads back near what was given, never worse than by the plain rule, for odd and extreme blocks too.
#include <cmath>
#include <random>

#include "engine/quant/encode.h"
#include "engine/weights/gguf_blocks.h"
#include "support/catch.h"

namespace {

using base::GgmlType;

std::vector<float> there_and_back(GgmlType type, const std::vector<float>& weights) {
  const auto block = *base::ggml_block(type);
  std::vector<std::byte> bytes(weights.size() / block.elements * block.bytes);
  const auto done = engine::encode_weights(type, weights, bytes);
  if (!done) FAIL(done.error().message);
  std::vector<float> back(weights.size());
  REQUIRE(engine::dequantize(type, bytes, back));
  return back;
}

double error(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(double(a[i]) - double(b[i]), 2);
  return std::sqrt(sum / double(a.size()));
}

std::vector<float> normal(std::size_t count, float deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(0, deviation);
  std::vector<float> out(count);
  for (float& value : out) value = draw(random);
  return out;
}

}  // namespace

TEST_CASE("the error of a normal distribution is what the format allows") {
  struct Case {
    GgmlType type;
    double least, most;  // of rms error over deviation
  };
  // Least from below: an error that is too small means that the test looks at the wrong thing.
  for (const Case c : {Case{GgmlType::F32, 0, 0}, {GgmlType::BF16, 0.0005, 0.003}, {GgmlType::F16, 0.00005, 0.0003}, {GgmlType::Q8_0, 0.003, 0.007},
                       {GgmlType::Q4_0, 0.06, 0.09}, {GgmlType::Q4_1, 0.05, 0.08}, {GgmlType::Q4_K, 0.05, 0.08}}) {
    const auto weights = normal(256 * 200, 0.04F, 1);
    const double relative = error(weights, there_and_back(c.type, weights)) / 0.04;
    INFO(base::ggml_block(c.type)->name << " " << relative);
    CHECK(relative >= c.least);
    CHECK(relative <= c.most);
  }
}

TEST_CASE("what a format can say exactly it says exactly") {
  std::vector<float> levels(256);
  for (std::size_t i = 0; i < levels.size(); ++i) levels[i] = 0.5F * float(int(i * 7 % 16) - 8);
  CHECK(there_and_back(GgmlType::Q4_0, levels) == levels);
  CHECK(there_and_back(GgmlType::Q4_1, levels) == levels);
  const std::vector<float> zeros(256, 0.0F), same(256, 0.25F), below(256, -0.25F);
  for (const GgmlType type : {GgmlType::F16, GgmlType::BF16, GgmlType::Q8_0, GgmlType::Q4_0, GgmlType::Q4_1, GgmlType::Q4_K}) {
    CHECK(there_and_back(type, zeros) == zeros);
    CHECK(error(there_and_back(type, same), same) < 0.002);
    CHECK(error(there_and_back(type, below), below) < 0.002);
  }
}

TEST_CASE("one outlier coarsens its own block of 32 and no other") {
  auto weights = normal(256, 0.02F, 3);
  const auto calm = there_and_back(GgmlType::Q4_0, weights);
  weights[40] = 3;
  const auto back = there_and_back(GgmlType::Q4_0, weights);
  CHECK(std::abs(back[40] - 3) < 0.4);
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (i / 32 != 1) CHECK(back[i] == calm[i]);
}

TEST_CASE("weights of any size are encoded or refused, never turned to nonsense") {
  for (const GgmlType type : {GgmlType::Q8_0, GgmlType::Q4_0, GgmlType::Q4_1, GgmlType::Q4_K})
    for (const float size : {1e-30F, 1e-9F, 1e-5F, 1.0F, 1e4F}) {
      const auto weights = normal(256, size, 5);
      const auto back = there_and_back(type, weights);
      for (const float value : back) CHECK(std::isfinite(value));
      CHECK(error(weights, back) <= 1.1 * double(size));
    }
  std::vector<float> weights(256, 1.0F);
  std::vector<std::byte> bytes(144);
  for (const float bad : {NAN, INFINITY, 70000.0F}) {
    weights[77] = bad;
    const auto refused = engine::encode_weights(GgmlType::Q4_K, weights, bytes);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Matchers::Contains("weight 77 of 256"));
  }
  CHECK_FALSE(engine::encode_weights(GgmlType::Q6_K, weights, bytes));
  CHECK_FALSE(engine::encode_weights(GgmlType::Q4_0, std::vector<float>(31), bytes));
}

TEST_CASE("a row that a type's blocks do not divide gets a type that does") {
  CHECK(engine::fitting_type(GgmlType::Q4_K, 1536) == GgmlType::Q4_K);
  CHECK(engine::fitting_type(GgmlType::Q4_K, 576) == GgmlType::Q4_1);
  CHECK(engine::fitting_type(GgmlType::Q4_K, 50) == GgmlType::F16);
  CHECK(engine::fitting_type(GgmlType::Q8_0, 40) == GgmlType::F16);
  CHECK(engine::fitting_type(GgmlType::F32, 7) == GgmlType::F32);
}

#include "engine/quant/grouped.h"

#include <algorithm>
#include <limits>
#include <random>

#include "engine/kernels/kernels.h"
#include "engine/weights/block_cases.h"

namespace {

using base::GgmlType;
using engine::GroupedWeight;

std::vector<float> expanded(const GroupedWeight& w) {
  std::vector<float> out(std::size_t(w.rows * w.columns));
  engine::expand(w, 0, w.rows, out.data());
  return out;
}

}  // namespace

TEST_CASE("repack: expand() gives the dequantiser's floats bit for bit, on every kernel table") {
  for (const tests::BlockCase& c : tests::block_cases()) {
    INFO(c.name);
    const auto block = *base::ggml_block(c.type);
    CHECK(engine::can_repack(c.type) == (block.elements > 1));
    if (!engine::can_repack(c.type)) continue;
    // One row a block, and all blocks as one row.
    const auto rows = std::int64_t(c.floats.size() / block.elements);
    for (const std::int64_t as_rows : {rows, std::int64_t{1}}) {
      const auto w = engine::repack(c.type, c.bytes, as_rows, std::int64_t(c.floats.size()) / as_rows);
      REQUIRE(w.has_value());
      tests::same_floats(expanded(*w), c.floats);
      for (const engine::Kernels* table : engine::runnable_kernels()) {
        std::vector<float> out(c.floats.size());
        table->grouped_expand(*w, 0, w->rows, out.data());
        tests::same_floats(out, c.floats);
      }
    }
  }
}

TEST_CASE("repack: quantised weights stay small") {
  struct Case {
    GgmlType type;
    double most_bits;  // a weight, scales and minimums included
  };
  for (const Case& c : {Case{GgmlType::Q4_0, 5}, {GgmlType::Q4_1, 6}, {GgmlType::Q4_K, 6}, {GgmlType::Q8_0, 9}, {GgmlType::Q6_K, 10}}) {
    const auto block = *base::ggml_block(c.type);
    const std::vector<std::byte> bytes(block.bytes * 8);
    const auto w = engine::repack(c.type, bytes, 8, block.elements);
    REQUIRE(w.has_value());
    CHECK(double(w->bytes()) * 8 / double(w->rows * w->columns) <= c.most_bits);
  }
}

TEST_CASE("repack: row_order says which row of the file each row is") {
  for (const tests::BlockCase& c : tests::block_cases()) {
    if (!engine::can_repack(c.type)) continue;
    INFO(c.name);
    const std::int64_t columns = base::ggml_block(c.type)->elements, rows = std::int64_t(c.floats.size()) / columns;
    std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
    for (std::int64_t r = 0; r < rows; ++r) order[std::size_t(r)] = (r * 7 + 3) % rows;
    order.resize(std::size_t(rows + 1) / 2);  // a part of the file's rows is a matrix too
    const auto w = engine::repack(c.type, c.bytes, rows, columns, order);
    REQUIRE(w.has_value());
    REQUIRE(w->rows == std::int64_t(order.size()));
    for (std::int64_t r = 0; r < w->rows; ++r) {
      std::vector<float> row(static_cast<std::size_t>(columns));
      engine::expand(*w, r, 1, row.data());
      tests::same_floats(row, std::span(c.floats).subspan(std::size_t(order[std::size_t(r)] * columns), std::size_t(columns)));
    }
  }
}

TEST_CASE("repack: shapes that do not fit are refused") {
  const std::vector<std::byte> bytes(4 * 18);
  const auto refused = [&](GgmlType type, std::int64_t rows, std::int64_t columns, std::vector<std::int64_t> order = {}) {
    const auto w = engine::repack(type, bytes, rows, columns, order);
    REQUIRE_FALSE(w.has_value());
    return w.error().message;
  };
  CHECK(engine::repack(GgmlType::Q4_0, bytes, 2, 64).has_value());
  CHECK(refused(GgmlType::Q4_0, 2, 48) == "shape [2, 48]: Q4_0 needs columns in multiples of 32");
  CHECK(refused(GgmlType::Q4_0, 3, 64) == "72 bytes are not [3, 64] of Q4_0");
  CHECK(refused(GgmlType::Q4_0, 1, 64) == "72 bytes are not [1, 64] of Q4_0");
  CHECK(refused(GgmlType::Q4_0, std::int64_t{1} << 61, 64).find("are not") != std::string::npos);
  CHECK(refused(GgmlType::Q4_0, 0, 64).find("shape [0, 64]") != std::string::npos);
  CHECK(refused(GgmlType::Q4_0, 2, 64, {0, 2}) == "row 2 is asked for, there are 2");
  CHECK(refused(GgmlType::F32, 2, 9).find("not stored in groups") != std::string::npos);
}

TEST_CASE("quantize: no weight is off by more than half a step") {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (const int bits : {8, 4})
    for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{1, 32}, {3, 96}, {17, 576}}) {
      std::vector<float> weights(std::size_t(rows * columns));
      for (float& v : weights) v = normal(random);
      for (int i = 0; i < 32; ++i) weights[std::size_t(i)] *= 1e-38F;  // a group of the smallest floats
      for (std::int64_t i = rows * columns - 32; i < rows * columns && rows > 1; ++i) weights[std::size_t(i)] *= 5e37F;
      const auto w = engine::quantize(weights, rows, columns, bits);
      REQUIRE(w.has_value());
      CHECK(w->bits == bits);
      CHECK(w->minimums.empty() == (bits == 8));
      const auto back = expanded(*w);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        INFO(bits << " bits, weight " << i);
        const double step = double(w->scales[i / 32]) * (bits == 8 ? 127.0 / 126 : 1), roundoff = std::abs(double(weights[i])) * 1e-6 + 2e-45;
        REQUIRE(std::abs(double(back[i]) - double(weights[i])) <= step * 0.505 + roundoff);
      }
    }
}

TEST_CASE("quantize: constant groups and zeros are kept") {
  for (const int bits : {8, 4})
    for (const float value : {0.0F, -0.75F, 3e38F}) {
      const std::vector<float> weights(64, value);
      const auto w = engine::quantize(weights, 2, 32, bits);
      REQUIRE(w.has_value());
      for (const float back : expanded(*w)) CHECK(back == Approx(value));
    }
}

TEST_CASE("quantize: what cannot be done is refused") {
  std::vector<float> weights(64, 1.0F);
  CHECK(engine::quantize(weights, 2, 33, 8).error().message.find("multiples of 32") != std::string::npos);
  CHECK_FALSE(engine::quantize(weights, 3, 32, 8).has_value());
  CHECK_FALSE(engine::quantize(weights, 2, 32, 5).has_value());
  CHECK_FALSE(engine::quantize(weights, 0, 32, 8).has_value());
  weights[40] = std::numeric_limits<float>::quiet_NaN();
  CHECK(engine::quantize(weights, 2, 32, 4).error().message.find("row 1 holds a weight that is no number") != std::string::npos);
}

// Quantising and repacking straight from a file's rows, on any number of threads, gives what the plain ways give.
#include <cstring>
#include <limits>
#include <random>

#include "engine/quant/encode.h"
#include "engine/quant/grouped.h"
#include "support/catch.h"

namespace {

using base::GgmlType;

struct Made {
  std::vector<float> floats;
  std::vector<std::byte> bytes;
};

Made matrix(GgmlType type, std::int64_t rows, std::int64_t columns) {
  std::mt19937 random(11);
  std::normal_distribution<float> draw(0, 0.1F);
  Made made;
  for (std::int64_t i = 0; i < rows * columns; ++i) made.floats.push_back(draw(random));
  const auto block = *base::ggml_block(type);
  made.bytes.resize(made.floats.size() / block.elements * block.bytes);
  REQUIRE(engine::encode_weights(type, made.floats, made.bytes));
  return made;
}

bool same(const engine::GroupedWeight& a, const engine::GroupedWeight& b) {
  return a.rows == b.rows && a.columns == b.columns && a.bits == b.bits && a.zero == b.zero && a.codes == b.codes && a.scales == b.scales && a.minimums == b.minimums;
}

}  // namespace

TEST_CASE("threads change nothing, and rows come in the asked order") {
  constexpr std::int64_t kRows = 133, kColumns = 256;
  std::vector<std::int64_t> order;
  for (std::int64_t row = kRows - 1; row >= 7; row -= 2) order.push_back(row);
  for (const GgmlType type : {GgmlType::F32, GgmlType::BF16, GgmlType::F16, GgmlType::Q8_0, GgmlType::Q4_0, GgmlType::Q4_1, GgmlType::Q4_K}) {
    INFO(base::ggml_block(type)->name);
    const Made made = matrix(type, kRows, kColumns);
    const engine::StoredMatrix all{type, made.bytes, kRows, kColumns}, some{type, made.bytes, kRows, kColumns, order};
    for (const int bits : {8, 4}) {
      const auto one = engine::quantize(all, bits, 1), many = engine::quantize(all, bits, 5), ordered = engine::quantize(some, bits, 3);
      REQUIRE((one && many && ordered));
      CHECK(same(*one, *many));
      if (type == GgmlType::F32) CHECK(same(*one, *engine::quantize(made.floats, kRows, kColumns, bits)));
      CHECK(ordered->rows == std::int64_t(order.size()));
      CHECK(std::equal(ordered->scales.begin(), ordered->scales.begin() + 8, one->scales.begin() + (kRows - 1) * 8));
    }
    if (!engine::can_repack(type)) continue;
    const auto one = engine::repack(all, 1), many = engine::repack(all, 4);
    REQUIRE((one && many));
    CHECK(same(*one, *many));
    const auto ordered = engine::repack(some, 4);
    CHECK(same(*ordered, *engine::repack(type, made.bytes, kRows, kColumns, order)));
  }
}

TEST_CASE("of several rows that hold no number the first is named, whatever the thread") {
  Made made = matrix(GgmlType::F32, 200, 64);
  for (const std::size_t row : {180U, 90U, 91U}) {
    const float bad = std::numeric_limits<float>::infinity();
    std::memcpy(made.bytes.data() + (row * 64 + 5) * 4, &bad, 4);
  }
  for (const int threads : {1, 2, 7}) {
    const auto refused = engine::quantize({GgmlType::F32, made.bytes, 200, 64}, 8, threads);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "row 90 holds a weight that is no number");
  }
  CHECK_FALSE(engine::quantize({GgmlType::F32, made.bytes, 201, 64}, 8, 1));
  CHECK_FALSE(engine::quantize({GgmlType::I32, made.bytes, 200, 64}, 8, 1));
  const std::vector<std::int64_t> outside{3, 200};
  CHECK_FALSE(engine::quantize({GgmlType::F32, made.bytes, 200, 64, outside}, 8, 1));
}

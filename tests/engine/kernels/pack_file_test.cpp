// A file's matrix packed in one pass: what packing its groups gives, bit for bit where the file has groups, within a half's rounding
// where floats are rounded; permuted rows, odd shapes, rows in parts, numbers that are none. Every table against the plain loops.
#include "engine/kernels/pack_file.h"

#include <cmath>
#include <cstring>
#include <random>

#include "base/float16.h"
#include "engine/kernels/kernels.h"
#include "support/catch.h"

namespace {

using base::GgmlType;
using engine::FileMatrix;
using engine::PackedWeight;
using engine::Team;

std::vector<float> random_floats(std::int64_t count, float size = 0.1F) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0.01F, size);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = normal(random);
  return values;
}

// As a file of that type stores them.
std::vector<std::byte> stored(const std::vector<float>& values, GgmlType type) {
  std::vector<std::byte> out(values.size() * (type == GgmlType::F32 ? 4 : 2));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (type == GgmlType::F32) {
      std::memcpy(out.data() + 4 * i, &values[i], 4);
      continue;
    }
    const std::uint16_t bits = type == GgmlType::F16 ? base::float_to_half(values[i]) : base::float_to_bfloat16(values[i]);
    std::memcpy(out.data() + 2 * i, &bits, 2);
  }
  return out;
}

// Random blocks of a quantised type with scales that are numbers.
std::vector<std::byte> random_blocks(std::int64_t weights, GgmlType type) {
  const auto block = *base::ggml_block(type);
  std::vector<std::byte> out(std::size_t(weights) / block.elements * block.bytes);
  std::mt19937 random(9);
  for (auto& b : out) b = std::byte(random());
  for (std::size_t at = 0; at < out.size(); at += block.bytes)
    for (std::size_t half = 0; half < (type == GgmlType::Q4_1 ? 2 : 1); ++half) {
      const std::uint16_t bits = base::float_to_half(float(int(random() % 2000) - 1000) / 3000);
      std::memcpy(out.data() + at + 2 * half, &bits, 2);
    }
  return out;
}

FileMatrix file_of(const std::vector<std::byte>& bytes, GgmlType type, std::int64_t rows, std::int64_t columns, std::span<const std::int64_t> order = {}) {
  return {{type, bytes, rows, columns, order}, [](std::span<const std::byte> part, std::byte* into) { std::memcpy(into, part.data(), part.size()); }};
}

std::vector<float> row_of(const PackedWeight& w, std::int64_t row) {
  std::vector<float> out(static_cast<std::size_t>(w.columns()));
  w.row(row, out.data());
  return out;
}

const std::pair<std::int64_t, std::int64_t> kShapes[] = {{1, 32}, {15, 64}, {16, 96}, {17, 32}, {33, 544}, {300, 1056}, {5000, 64}};

}  // namespace

TEST_CASE("a file's groups are packed in one pass as they are through grouped weights") {
  Team team(3);
  for (const GgmlType type : {GgmlType::Q8_0, GgmlType::Q4_0, GgmlType::Q4_1})
    for (const auto& [rows, columns] : kShapes) {
      const auto bytes = random_blocks(rows * columns, type);
      std::vector<std::int64_t> order;
      for (std::int64_t r = 0; r < rows; r += 2) order.push_back(rows - 1 - r);
      for (std::int64_t r = 1; r < rows; ++r) order.push_back(r);
      for (const std::span<const std::int64_t> rows_order : {std::span<const std::int64_t>(), std::span<const std::int64_t>(order)}) {
        const FileMatrix file = file_of(bytes, type, rows, columns, rows_order);
        const auto got = engine::pack_stored(file, team);
        const PackedWeight wanted = engine::pack(*engine::repack(file.matrix, 1));
        REQUIRE(got);
        REQUIRE(got->rows() == wanted.rows());
        CHECK(got->bytes() == wanted.bytes());
        for (std::int64_t row = 0; row < got->rows(); ++row) REQUIRE(row_of(*got, row) == row_of(wanted, row));
        const auto view = got->view();
        for (std::int64_t row = got->rows(); row < got->panels() * 16; ++row)  // nothing stands beyond the last row
          for (std::int64_t unit = 0; unit < columns / 32; ++unit) REQUIRE(view.scales[(row / 16 * (columns / 32) + unit) * 16 + row % 16] == 0);
      }
    }
}

TEST_CASE("floats are rounded and packed in one pass, each within half a step and a half's rounding") {
  Team team(3);
  for (const GgmlType type : {GgmlType::F32, GgmlType::F16, GgmlType::BF16, GgmlType::Q4_1})
    for (const int bits : {8, 4})
      for (const auto& [rows, columns] : kShapes) {
        const auto bytes = type == GgmlType::Q4_1 ? random_blocks(rows * columns, type) : stored(random_floats(rows * columns), type);
        const FileMatrix file = file_of(bytes, type, rows, columns);
        const auto got = engine::pack_rounded(file, bits, team);
        REQUIRE(got);
        const auto exact = *engine::quantize(file.matrix, bits, 1);  // f32 scales
        const PackedWeight wanted = engine::pack(exact);
        CHECK(got->bytes() == wanted.bytes());
        std::vector<float> plain(static_cast<std::size_t>(columns));
        for (std::int64_t row = 0; row < rows; ++row) {
          const std::vector<float> packed = row_of(*got, row), other = row_of(wanted, row);
          for (std::int64_t c = 0; c < columns; ++c) {
            const float scale = exact.scales[std::size_t((row * columns + c) / 32)], minimum = bits == 4 ? exact.minimums[std::size_t((row * columns + c) / 32)] : 0;
            INFO("type " << int(type) << ", " << bits << " bits, [" << rows << ", " << columns << "] row " << row << " column " << c);
            REQUIRE(std::abs(packed[std::size_t(c)] - other[std::size_t(c)]) <= 1.001F * scale + 0.001F * std::abs(minimum));
          }
        }
      }
}

TEST_CASE("what cannot be packed in one pass goes the long way, or is an error that names the row") {
  Team team(2);
  for (const float size : {1e-8F, 100.0F, 0.0F}) {  // beyond what the unit of the one pass serves
    const auto values = random_floats(64 * 64, size);
    std::vector<float> scaled = values;
    if (size == 0) std::fill(scaled.begin(), scaled.end(), 0.0F);
    else for (float& v : scaled) v = (v - 0.01F) * (size == 100 ? 10.0F : 1.0F);
    const auto bytes = stored(scaled, GgmlType::F32);
    const auto got = engine::pack_rounded(file_of(bytes, GgmlType::F32, 64, 64), 8, team);
    REQUIRE(got);
    for (std::int64_t row = 0; row < 64; ++row) {
      const auto packed = row_of(*got, row);
      float most = 0;
      for (std::size_t c = 0; c < 64; ++c) most = std::max(most, std::abs(scaled[std::size_t(row) * 64 + c]));
      for (std::size_t c = 0; c < 64; ++c) REQUIRE(std::abs(packed[c] - scaled[std::size_t(row) * 64 + c]) <= most / 120);
    }
  }
  auto values = random_floats(40 * 32);
  values[17 * 32 + 5] = std::nanf("");
  values[30 * 32] = INFINITY;
  const auto bytes = stored(values, GgmlType::F32);
  CHECK(engine::pack_rounded(file_of(bytes, GgmlType::F32, 40, 32), 4, team).error().message == engine::quantize(values, 40, 32, 4).error().message);
  CHECK_FALSE(engine::pack_stored(file_of(bytes, GgmlType::F32, 40, 32), team));
  CHECK_FALSE(engine::pack_stored(file_of(random_blocks(64, GgmlType::Q8_0), GgmlType::Q8_0, 3, 32), team));
  const std::vector<std::int64_t> beyond = {0, 2};
  CHECK_FALSE(engine::pack_stored(file_of(random_blocks(64, GgmlType::Q8_0), GgmlType::Q8_0, 2, 32, beyond), team));
}

TEST_CASE("every table interleaves and rounds as the plain loops do") {
  const auto& reference = *engine::reference_kernels().fused;
  for (const engine::Kernels* table : engine::runnable_kernels())
    for (const std::int64_t units : {1, 2, 15, 16, 17, 40}) {
      const auto values = random_floats(units * 32);
      for (const int bits : {8, 4}) {
        for (const auto& [kind, type] : {std::pair{engine::cpu::FloatKind::F32, GgmlType::F32}, {engine::cpu::FloatKind::F16, GgmlType::F16}, {engine::cpu::FloatKind::BF16, GgmlType::BF16}}) {
          const auto row = stored(values, type);
          const std::size_t size = std::size_t(units) * (bits == 8 ? 34 : 20);
          std::vector<std::uint8_t> got(size), wanted(size);
          const auto most = table->fused->round_row(row.data(), kind, units, bits, 0x1p-12F, got.data());
          CHECK(most == reference.round_row(row.data(), kind, units, bits, 0x1p-12F, wanted.data()));
          int different = 0;  // the last bit of a scale's half may round the other way, and a code with it
          for (std::size_t i = 0; i < size; ++i) different += got[i] != wanted[i];
          INFO(table->name << ", " << bits << " bits, " << units << " units");
          CHECK(different <= int(size) / 50 + 1);
        }
        for (const bool minimum : {false, true}) {
          const std::size_t block = (minimum ? 4 : 2) + 4 * std::size_t(bits);
          std::vector<std::uint8_t> bytes(16 * std::size_t(units) * block);
          std::mt19937 random(3);
          for (auto& b : bytes) b = std::uint8_t(random());
          engine::cpu::BlockRows in{.rows = {}, .units = units, .bits = bits, .has_minimum = minimum};
          for (std::size_t r = 0; r < 13; ++r) in.rows[r] = bytes.data() + r * std::size_t(units) * block;
          std::vector<std::uint8_t> codes[2];
          std::vector<std::uint16_t> scales[2], minimums[2];
          for (int i = 0; i < 2; ++i) {
            codes[i].resize(std::size_t(units * bits * 64)), scales[i].resize(std::size_t(units * 16)), minimums[i].resize(std::size_t(units * 16));
            (i == 0 ? *table->fused : reference).interleave(in, codes[i].data(), scales[i].data(), minimum ? minimums[i].data() : nullptr);
          }
          CHECK(codes[0] == codes[1]);
          CHECK(scales[0] == scales[1]);
          CHECK(minimums[0] == minimums[1]);
        }
      }
    }
}

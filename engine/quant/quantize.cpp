// quantize(): floats to groups, by rounding to the nearest code.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

#include "engine/quant/grouped.h"
#include "engine/quant/parallel_rows.h"
#include "engine/weights/gguf_blocks.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

constexpr int kGroup = 32;
constexpr std::uint32_t kInfinity = 0x7F800000;

// To the nearest, ties to even; loops of it become vector instructions, as calls of std::round do not. |x| < 2^22.
inline float nearest(float x) { return (x + 12582912.0F) - 12582912.0F; }

// The largest magnitude, as bits: they are ordered as the magnitudes are, with infinity and NaN above all.
std::uint32_t largest_bits(const float* in) {
  std::uint32_t most = 0;
  for (int i = 0; i < kGroup; ++i) most = std::max(most, std::bit_cast<std::uint32_t>(in[i]) & 0x7FFFFFFF);
  return most;
}

// Symmetric: the largest magnitude becomes 127. Divided, not multiplied by an inverse: the smallest scales have none.
float pack_8(const float* in, float most, std::uint8_t* codes) {
  const auto scale = float(double(most) / 127);
  const float divisor = scale > 0 ? scale : 1;
  for (int i = 0; i < kGroup; ++i) codes[i] = std::uint8_t(std::int8_t(int(std::min(std::max(nearest(in[i] / divisor), -127.0F), 127.0F))));
  return scale;
}

struct ScaleMin {
  float scale = 0, minimum = 0;
};

ScaleMin pack_4(const float* in, std::uint8_t* codes) {
  float least = in[0], most = in[0];
  for (int i = 1; i < kGroup; ++i) least = std::min(least, in[i]), most = std::max(most, in[i]);
  const ScaleMin form{float((double(most) - double(least)) / 15), least};
  const float divisor = form.scale > 0 ? form.scale : 1, half_least = least / 2;
  int steps[kGroup];  // halves, so that no difference overflows
  for (int i = 0; i < kGroup; ++i) steps[i] = int(std::min(std::max(nearest((in[i] / 2 - half_least) / divisor * 2), 0.0F), 15.0F));
  for (int i = 0; i < kGroup / 2; ++i) codes[i] = std::uint8_t(steps[i] | steps[i + 16] << 4);
  return form;
}

// One row; false where it holds what is no number.
bool pack_row(const float* in, std::int64_t row, GroupedWeight& out) {
  const std::int64_t groups = out.columns / kGroup;
  for (std::int64_t g = 0; g < groups; ++g, in += kGroup) {
    const std::uint32_t most = largest_bits(in);
    if (most >= kInfinity) return false;
    const auto at = std::size_t(row * groups + g);
    std::uint8_t* codes = out.codes.data() + at * kGroup * std::size_t(out.bits) / 8;
    if (out.bits == 8) {
      out.scales[at] = pack_8(in, std::bit_cast<float>(most), codes);
    } else {
      const ScaleMin form = pack_4(in, codes);
      out.scales[at] = form.scale, out.minimums[at] = form.minimum;
    }
  }
  return true;
}

base::Result<void> check_form(std::int64_t rows, std::int64_t columns, int bits) {
  if (bits != 8 && bits != 4) return fail(ErrorCode::InvalidInput, "{} bits: expected 8 or 4", bits);
  if (rows < 1 || columns < 1 || columns % kGroup != 0)
    return fail(ErrorCode::InvalidInput, "shape [{}, {}]: quantising needs columns in multiples of {}", rows, columns, kGroup);
  return {};
}

GroupedWeight empty_groups(std::int64_t rows, std::int64_t columns, int bits) {
  GroupedWeight out{.rows = rows, .columns = columns, .bits = bits, .group = kGroup, .zero = 0, .codes = {}, .scales = {}, .minimums = {}};
  out.codes.resize(std::size_t(rows * columns) * std::size_t(bits) / 8);
  out.scales.resize(std::size_t(rows * columns / kGroup));
  if (bits == 4) out.minimums.resize(out.scales.size());
  return out;
}

// Fills every row from where `row_at(row, buffer)` says it lies; the first row that holds no number is the error.
template <class RowAt>
base::Result<GroupedWeight> filled(GroupedWeight out, int threads, const RowAt& row_at) {
  std::atomic<std::int64_t> bad{out.rows};
  parallel_rows(threads, out.rows, [&](std::int64_t first, std::int64_t last) {
    std::vector<float> buffer(static_cast<std::size_t>(out.columns));
    for (std::int64_t row = first; row < last; ++row) {
      if (pack_row(row_at(row, buffer), row, out)) continue;
      for (std::int64_t seen = bad; row < seen && !bad.compare_exchange_weak(seen, row);) {}
      return;
    }
  });
  if (bad < out.rows) return fail(ErrorCode::InvalidInput, "row {} holds a weight that is no number", bad.load());
  return out;
}

}  // namespace

base::Result<GroupedWeight> quantize(std::span<const float> weights, std::int64_t rows, std::int64_t columns, int bits) {
  if (auto fine = check_form(rows, columns, bits); !fine) return base::forward(fine);
  if (std::int64_t(weights.size()) / columns != rows || std::int64_t(weights.size()) % columns != 0)
    return fail(ErrorCode::InvalidInput, "{} weights are not [{}, {}]", weights.size(), rows, columns);
  return filled(empty_groups(rows, columns, bits), 1, [&](std::int64_t row, std::vector<float>&) { return weights.data() + row * columns; });
}

base::Result<GroupedWeight> quantize(const StoredMatrix& matrix, int bits, int threads) {
  const auto block = base::ggml_block(matrix.type);
  if (!block || matrix.columns < 1 || matrix.columns % block->elements != 0) return fail(ErrorCode::InvalidInput, "rows of {} are not whole blocks", matrix.columns);
  const std::size_t row_bytes = std::size_t(matrix.columns) / block->elements * block->bytes;
  if (matrix.bytes.size() / row_bytes != std::size_t(matrix.rows) || matrix.bytes.size() % row_bytes != 0)
    return fail(ErrorCode::InvalidInput, "{} bytes are not [{}, {}] of {}", matrix.bytes.size(), matrix.rows, matrix.columns, block->name);
  for (const std::int64_t row : matrix.order)
    if (row < 0 || row >= matrix.rows) return fail(ErrorCode::InvalidInput, "row {} is asked for, there are {}", row, matrix.rows);
  if (std::vector<float> probe(block->elements); !dequantize(matrix.type, matrix.bytes.first(block->bytes), probe))
    return fail(ErrorCode::Unsupported, "{} cannot be quantised", block->name);
  const std::int64_t rows = matrix.order.empty() ? matrix.rows : std::int64_t(matrix.order.size());
  if (auto fine = check_form(rows, matrix.columns, bits); !fine) return base::forward(fine);
  return filled(empty_groups(rows, matrix.columns, bits), threads, [&](std::int64_t row, std::vector<float>& buffer) {
    const auto from = std::size_t(matrix.order.empty() ? row : matrix.order[std::size_t(row)]);
    (void)dequantize(matrix.type, matrix.bytes.subspan(from * row_bytes, row_bytes), buffer);  // of a kind that was tried above
    return static_cast<const float*>(buffer.data());
  });
}

}  // namespace engine

// The loops as the definition says them, in double: what "right" means for every other table.
#include "engine/kernels/kernels.h"
#include "engine/kernels/reference_fused.h"

namespace engine {
namespace {

int code_at(const GroupedWeight& w, std::int64_t row, std::int64_t column) {
  if (w.bits == 8) return std::int8_t(w.codes[std::size_t(row * w.columns + column)]) - w.zero;
  const std::uint8_t byte = w.codes[std::size_t(row * w.columns / 2 + column / 32 * 16 + column % 16)];
  return (column % 32 < 16 ? byte & 15 : byte >> 4) - w.zero;
}

float weight_at(const GroupedWeight& w, std::int64_t row, std::int64_t column) {
  const auto group = std::size_t((row * w.columns + column) / w.group);
  const float scaled = w.scales[group] * float(code_at(w, row, column));
  return w.minimums.empty() ? scaled : scaled + w.minimums[group];
}

void matmul(const GroupedWeight& w, std::int64_t first, std::int64_t last, const float* x, std::int64_t count, float* y) {
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t row = first; row < last; ++row) {
      double sum = 0;
      for (std::int64_t column = 0; column < w.columns; ++column) sum += double(weight_at(w, row, column)) * double(x[i * w.columns + column]);
      y[i * w.rows + row] = float(sum);
    }
}

void expand_rows(const GroupedWeight& w, std::int64_t first, std::int64_t count, float* out) {
  for (std::int64_t row = first; row < first + count; ++row)
    for (std::int64_t column = 0; column < w.columns; ++column) *out++ = weight_at(w, row, column);
}

}  // namespace

const Kernels& reference_kernels() {
  static const Kernels kTable{"reference", matmul, expand_rows, &kReferenceFused};
  return kTable;
}

}  // namespace engine

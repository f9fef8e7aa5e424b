#include "engine/decode/low_rank.h"

#include <algorithm>

namespace engine {

void lower(const LowRankRows& low, std::int64_t columns, const float* x, const float* norm, float inverse, float* h) {
  std::fill_n(h, low.rank, 0.0F);
  for (std::int64_t c = 0; c < columns; ++c) {
    const float value = norm ? x[c] * inverse * norm[c] : x[c];
    const float* row = low.down.data() + c * low.rank;
    for (std::int64_t k = 0; k < low.rank; ++k) h[k] += value * row[k];
  }
}

void add(const LowRankRows& low, std::int64_t rows, const float* h, std::int64_t first, std::int64_t count, float* out) {
  for (std::int64_t k = 0; k < low.rank; ++k) {
    const float* row = low.up.data() + k * rows + first;
    const float factor = h[k];
    for (std::int64_t i = 0; i < count; ++i) out[i] += factor * row[i];
  }
}

}  // namespace engine

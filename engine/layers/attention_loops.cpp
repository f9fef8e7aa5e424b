#include "engine/layers/attention_loops.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace engine {
namespace {

constexpr std::int64_t kTile = 8;
typedef std::uint32_t Eight __attribute__((vector_size(32)));

RIGPILOT_INLINE void swap_halves(Eight& a, Eight& b) {
  const Eight x = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11), y = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  a = x, b = y;
}
RIGPILOT_INLINE void swap_quarters(Eight& a, Eight& b) {
  const Eight x = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13), y = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
  a = x, b = y;
}
RIGPILOT_INLINE void swap_eighths(Eight& a, Eight& b) {
  const Eight x = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14), y = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  a = x, b = y;
}

// A tile of 8 x 8 numbers of 32 bits, transposed by exchanging ever smaller squares.
RIGPILOT_INLINE void transpose(Eight (&t)[kTile]) {
  for (int i = 0; i < 4; ++i) swap_halves(t[i], t[i + 4]);
  for (const int i : {0, 1, 4, 5}) swap_quarters(t[i], t[i + 2]);
  for (const int i : {0, 2, 4, 6}) swap_eighths(t[i], t[i + 1]);
}

}  // namespace

void copy_rows(const HeadRows& of, Bf16* out) {
  for (std::int64_t r = 0; r < of.rows; ++r) std::memcpy(out + r * of.columns, of.at + r * of.stride, size_t(of.columns) * sizeof(Bf16));
  std::memset(out + of.rows * of.columns, 0, size_t((of.padded - of.rows) * of.columns) * sizeof(Bf16));
}

RIGPILOT_CLONES void pack_rows(const HeadRows& of, Bf16* out) {
  for (std::int64_t r = 0; r < of.padded; r += 2, out += 2 * of.columns) {
    const Bf16 *upper = of.at + r * of.stride, *lower = upper + of.stride;
    if (r + 1 < of.rows) {
#pragma omp simd
      for (std::int64_t c = 0; c < of.columns; ++c) out[2 * c] = upper[c], out[2 * c + 1] = lower[c];
    } else {
      for (std::int64_t c = 0; c < of.columns; ++c) out[2 * c] = r < of.rows ? upper[c] : Bf16(0), out[2 * c + 1] = 0;
    }
  }
}

RIGPILOT_CLONES void pack_columns(const HeadRows& of, Bf16* out) {
  auto* const pairs = reinterpret_cast<std::uint32_t*>(out);
  for (std::int64_t r = 0; r < of.padded; r += kTile)
    for (std::int64_t c = 0; c < of.columns; c += 2 * kTile) {
      Eight tile[kTile];
      for (std::int64_t i = 0; i < kTile; ++i) {
        tile[i] = Eight{};
        if (r + i < of.rows) std::memcpy(&tile[i], of.at + (r + i) * of.stride + c, sizeof(Eight));
      }
      transpose(tile);
      for (std::int64_t i = 0; i < kTile; ++i) std::memcpy(pairs + (c / 2 + i) * of.padded + r, &tile[i], sizeof(Eight));
    }
}

RIGPILOT_CLONES void unpack_pairs(const Bf16* pairs, std::int64_t rows, std::int64_t columns, Bf16* out) {
  for (std::int64_t r = 0; r < rows; r += 2, pairs += 2 * columns, out += 2 * columns) {
#pragma omp simd
    for (std::int64_t c = 0; c < columns; ++c) out[c] = pairs[2 * c], out[c + columns] = pairs[2 * c + 1];
  }
}

RIGPILOT_CLONES void pack_pairs(const Bf16* rows, std::int64_t count, std::int64_t columns, std::int64_t stride, Bf16* out) {
  for (std::int64_t r = 0; r < count; r += 2, rows += 2 * stride, out += 2 * columns) {
#pragma omp simd
    for (std::int64_t c = 0; c < columns; ++c) out[2 * c] = rows[c], out[2 * c + 1] = rows[c + stride];
  }
}

RIGPILOT_CLONES Softmaxed softmax_row(const float* scores, std::int64_t seen, std::int64_t columns, float scale, Bf16* weights) {
  float most = scores[0], sum = 0;
#pragma omp simd reduction(max : most)
  for (std::int64_t c = 0; c < seen; ++c) most = most > scores[c] ? most : scores[c];
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < seen; ++c) {
    const float weight = exp_of((scores[c] - most) * scale);
    sum += weight;
    put(weights[c], weight);
  }
  std::fill(weights + seen, weights + columns, Bf16(0));
  return {sum, most * scale + std::log(sum)};
}

RIGPILOT_CLONES void softmax_backward(const KeyRow& of, Bf16* weights, Bf16* score_gradients) {
  std::fill(weights, weights + of.first, Bf16(0));
  std::fill(score_gradients, score_gradients + of.first, Bf16(0));
#pragma omp simd
  for (std::int64_t c = of.first; c < of.columns; ++c) {
    const float weight = exp_of(of.scores[c] * of.scale - of.log_sums[c]);
    put(weights[c], weight);
    put(score_gradients[c], weight * (of.weight_gradients[c] - of.own[c]));
  }
}

RIGPILOT_CLONES void scale_row(const float* x, std::int64_t columns, float scale, Bf16* out) {
#pragma omp simd
  for (std::int64_t c = 0; c < columns; ++c) put(out[c], x[c] * scale);
}

RIGPILOT_CLONES void scale_transposed(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride, float scale, Bf16* out,
                                      std::int64_t out_stride) {
  for (std::int64_t r = 0; r < rows; r += kTile)
    for (std::int64_t c = 0; c < columns; c += kTile) {
      Eight tile[kTile];
      for (std::int64_t i = 0; i < kTile; ++i) std::memcpy(&tile[i], x + (c + i) * stride + r, sizeof(Eight));
      transpose(tile);
      for (std::int64_t i = 0; i < std::min(kTile, rows - r); ++i) {
        float numbers[kTile];
        std::memcpy(numbers, &tile[i], sizeof(Eight));
#pragma omp simd
        for (std::int64_t k = 0; k < kTile; ++k) put(out[(r + i) * out_stride + c + k], numbers[k] * scale);
      }
    }
}

RIGPILOT_CLONES float dot(const Bf16* a, const Bf16* b, std::int64_t columns) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < columns; ++c) sum += wide(a[c]) * wide(b[c]);
  return sum;
}

}  // namespace engine

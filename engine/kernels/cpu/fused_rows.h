// fused_rows.h: what stands between two matrix products, one pass each: rotate, attend, SiLU; quantize_rows.h has what comes before one.
// Written over vec.h only; each processor's file includes it and fills its table with it. Pure apart from what is written.
#pragma once

#include "engine/kernels/cpu/fused.h"
#include "engine/kernels/cpu/vec.h"

namespace engine::cpu {
namespace {

void rope_heads(float* x, int64_t heads, int64_t width, const float* cos, const float* sin) {
  const int64_t half = width / 2;
  for (int64_t h = 0; h < heads; ++h, x += width) {
    int64_t i = 0;
    for (; i + kWidth <= half; i += kWidth) {
      const Vec a = load(x + i), b = load(x + half + i), c = load(cos + i), s = load(sin + i);
      store(x + i, a * c - b * s);
      store(x + half + i, b * c + a * s);
    }
    for (; i < half; ++i) {
      const float a = x[i], b = x[half + i];
      x[i] = a * cos[i] - b * sin[i];
      x[half + i] = b * cos[i] + a * sin[i];
    }
  }
}

void keep_position(const HeadCache& cache, int64_t position, const float* key, const float* value) {
  uint16_t* column = cache.keys + position / 16 * 16 * cache.width + position % 16;
  uint16_t* row = cache.values + position * cache.width;
  uint16_t sixteen[kWidth];
  for (int64_t d = 0; d < cache.width; d += kWidth) {
    store_halves(sixteen, load(key + d));
    for (int k = 0; k < kWidth; ++k) column[(d + k) * 16] = sixteen[k];
    store_halves(row + d, load(value + d));
  }
}

// ---- attention: FlashAttention's running softmax (Dao et al. 2022, arXiv 2205.14135), 64 positions at a time -----------------

constexpr int kStep = 64, kBlocks = kStep / 16;
constexpr int kSums = kRegister == 64 ? 16 : kRegister == 32 ? 4 : 2;  // Vecs that stay in registers beside what is read

template <int Rows>
RIGPILOT_INLINE void scores_of(const HeadCache& cache, int64_t position, const float* queries, float (&scores)[4][kStep]) {
  constexpr int kTogether = kRegister == 64 ? 2 : kSums / Rows >= 4 ? 4 : kSums / Rows >= 2 ? 2 : 1;
  const uint16_t* keys = cache.keys + position * cache.width;
  for (int block = 0; block < kBlocks; block += kTogether) {
    Vec sums[Rows][kTogether];
    for (auto& row : sums)
      for (Vec& sum : row) sum = all(0.0F);
    const uint16_t* first = keys + block * 16 * cache.width;
    for (int64_t d = 0; d < cache.width; ++d) {
      Vec of_block[kTogether];
      for (int k = 0; k < kTogether; ++k) of_block[k] = halves(first + (k * cache.width + d) * 16);
      for (int r = 0; r < Rows; ++r) {
        const Vec q = all(queries[r * cache.width + d]);
        for (int k = 0; k < kTogether; ++k) sums[r][k] += q * of_block[k];
      }
    }
    for (int r = 0; r < Rows; ++r)
      for (int k = 0; k < kTogether; ++k) store(scores[r] + (block + k) * 16, sums[r][k]);
  }
}

// Scores become weights; what was summed before is scaled to the new largest score.
RIGPILOT_INLINE void soften(int row, int64_t position, int64_t end, const AttentionTile& tile, int64_t width, float (&scores)[kStep]) {
  const int64_t seen = tile.seen[row] < end ? tile.seen[row] : end;
  for (int64_t i = seen > position ? seen - position : 0; i < kStep; ++i) scores[i] = kMinusInfinity;
  Vec most = load(scores);
  for (int i = 16; i < kStep; i += 16) most = larger(most, load(scores + i));
  const float before = tile.most[row], now = largest(most) > before ? largest(most) : before;
  Vec total = all(0.0F);
  if (now == kMinusInfinity) {  // this row sees nothing yet
    for (int i = 0; i < kStep; i += 16) store(scores + i, total);
    return;
  }
  for (int i = 0; i < kStep; i += 16) {
    const Vec weights = exp(load(scores + i) - all(now));
    store(scores + i, weights);
    total += weights;
  }
  const float shrink = before == now ? 1.0F : first_of(exp(all(before - now)));
  tile.total[row] = tile.total[row] * shrink + sum(total);
  tile.most[row] = now;
  if (shrink != 1.0F)
    for (int64_t d = 0; d < width; d += kWidth) store(tile.out + row * width + d, load(tile.out + row * width + d) * all(shrink));
}

template <int Rows, int Vectors>
RIGPILOT_INLINE void add_values(const uint16_t* values, int64_t width, int count, const float (&weights)[4][kStep], float* out) {
  Vec sums[Rows][Vectors];
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < Vectors; ++v) sums[r][v] = load(out + r * width + v * kWidth);
  for (int i = 0; i < count; ++i, values += width) {
    Vec row[Vectors];
    for (int v = 0; v < Vectors; ++v) row[v] = halves(values + v * kWidth);
    for (int r = 0; r < Rows; ++r) {
      const Vec weight = all(weights[r][i]);
      for (int v = 0; v < Vectors; ++v) sums[r][v] += weight * row[v];
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < Vectors; ++v) store(out + r * width + v * kWidth, sums[r][v]);
}

template <int Rows>
void attend_rows(const HeadCache& cache, Range positions, const AttentionTile& tile) {
  alignas(64) float scores[4][kStep];
  int64_t last = 0;
  for (int r = 0; r < Rows; ++r) last = tile.seen[r] > last ? tile.seen[r] : last;
  const int64_t end = last < positions.end ? last : positions.end;
  for (int64_t at = positions.begin; at < end; at += kStep) {
    scores_of<Rows>(cache, at, tile.queries, scores);
    for (int r = 0; r < Rows; ++r) soften(r, at, end, tile, cache.width, scores[r]);
    const int count = end - at < kStep ? int(end - at) : kStep;
    constexpr int kVectors = kSums / Rows >= 4 ? 4 : kSums / Rows >= 2 ? 2 : 1;
    int64_t d = 0;
    for (; d + kVectors * kWidth <= cache.width; d += kVectors * kWidth)
      add_values<Rows, kVectors>(cache.values + at * cache.width + d, cache.width, count, scores, tile.out + d);
    for (; d < cache.width; d += kWidth) add_values<Rows, 1>(cache.values + at * cache.width + d, cache.width, count, scores, tile.out + d);
  }
}

// All rows pass some positions, whose keys and values are then in the nearest cache, before the next ones.
void attend_tile(const HeadCache& cache, Range positions, const AttentionTile& tile) {
  constexpr int64_t kTogether = 2 * kStep;
  for (int64_t begin = positions.begin; begin < positions.end; begin += kTogether) {
    const Range some{begin, positions.end < begin + kTogether ? positions.end : begin + kTogether};
    for (int64_t row = 0; row < tile.rows; row += 4) {
      const AttentionTile four{tile.rows - row, tile.queries + row * cache.width, tile.seen + row, tile.most + row, tile.total + row, tile.out + row * cache.width};
      switch (four.rows) {
        case 1: attend_rows<1>(cache, some, four); break;
        case 2: attend_rows<2>(cache, some, four); break;
        case 3: attend_rows<3>(cache, some, four); break;
        default: attend_rows<4>(cache, some, four); break;
      }
    }
  }
}

// ---- elementwise -------------------------------------------------------------------------------------------------------------

RIGPILOT_INLINE Vec silu(Vec v) { return v / (all(1.0F) + exp(-v)); }

void silu_mul_all(const float* gate, const float* up, int64_t count, float* out) {
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) store(out + i, silu(load(gate + i)) * load(up + i));
  for (; i < count; ++i) out[i] = first_of(silu(all(gate[i]))) * up[i];
}

int64_t argmax_of(const float* x, int64_t count) {
  Vec most = all(kMinusInfinity);
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) most = larger(load(x + i), most);
  float best = largest(most);
  for (; i < count; ++i) best = x[i] > best ? x[i] : best;
  for (i = 0; i < count; ++i)
    if (x[i] == best) return i;
  return 0;  // nothing but NaN
}

double log_sum_exp_of(const float* x, int64_t count) {
  const float most = x[argmax_of(x, count)];
  double total = 0;
  int64_t i = 0;
  for (; i + kWidth <= count;) {  // in f32 for a while, then in double
    Vec part = all(0.0F);
    for (int k = 0; k < 64 && i + kWidth <= count; ++k, i += kWidth) part += exp(load(x + i) - all(most));
    total += double(sum(part));
  }
  for (; i < count; ++i) total += double(first_of(exp(all(x[i] - most))));
  return double(most) + __builtin_log(total);
}

}  // namespace
}  // namespace engine::cpu

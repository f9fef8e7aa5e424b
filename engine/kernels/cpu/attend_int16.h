// attend_int16.h: attention for many rows at once, over AVX-512's dot product of 16-bit integers: twice the products of f32 an instruction.
// The keys and values of 64 positions become 13-bit and 11-bit integers once and serve all rows; queries and softmax weights are integers of
// 13 and 15 bits, so that no sum of 32 bits can overflow. Scales: a query's, a key's, a value's column of the 64, a row's weights of the
// 64. That is 8 times as fine as bfloat16 where numbers are large. Softmax and what is summed over the 64s stay f32. Pure.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/fused_rows.h"

namespace engine::cpu {
namespace {

constexpr int64_t kMostInt16Rows = 64, kMostInt16Width = 128;
constexpr float kMostQuery = 4095, kMostKey = 4095;     // 128 columns of their products fit 32 bits
constexpr float kMostWeight = 32767, kMostValue = 1023;  // and so do 64 positions of these
static_assert(kMostInt16Width * 4095LL * 4095 < (1LL << 31) && kStep * 32767LL * 1023 < (1LL << 31));

struct Int16Queries {
  int32_t pairs[kMostInt16Rows][kMostInt16Width / 2];
  float scales[kMostInt16Rows];
};

struct Int16Block {
  IntVec keys[kBlocks][kMostInt16Width / 2];                    // [16 positions][column pair][position]
  IntVec values[kMostInt16Width / kWidth][kStep / 2];           // [16 columns][position pair][column]
  float key_scales[kStep], value_scales[kMostInt16Width];
};

template <int Value>
struct Known {
  static constexpr int value = Value;
};

RIGPILOT_INLINE IntVec rounded(Vec v) { return IntVec(_mm512_cvtps_epi32(__m512(v))); }
RIGPILOT_INLINE IntVec paired(IntVec low, IntVec high) { return (low & 0xFFFF) | high << 16; }
RIGPILOT_INLINE IntVec larger_bits(IntVec most, Vec v) {
  const IntVec bits = IntVec(v) & 0x7FFFFFFF;
  return bits > most ? bits : most;  // what is no number is above all numbers
}
// The scale of integers up to `limit` for such magnitudes, and its inverse; NaN where one is not finite.
RIGPILOT_INLINE Vec scale_of(IntVec most, float limit, Vec& inverse) {
  Vec size = Vec(most);
  size = size > all(0x1p-100F) ? size : all(0x1p-100F);
  inverse = all(limit) / size;
  return most < 0x7F800000 ? size * all(1 / limit) : all(__builtin_nanf(""));
}

void make_queries(const AttentionTile& tile, int64_t width, Int16Queries& out) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float* in = tile.queries + r * width;
    IntVec bits = {};
    for (int64_t d = 0; d < width; d += kWidth) bits = larger_bits(bits, load(in + d));
    const int32_t most = _mm512_reduce_max_epi32(__m512i(bits));
    Vec inverse;
    out.scales[r] = scale_of(IntVec{} + most, kMostQuery, inverse)[0];
    for (int64_t d = 0; d < width; d += kWidth)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(reinterpret_cast<int16_t*>(out.pairs[r]) + d), _mm512_cvtepi32_epi16(__m512i(rounded(load(in + d) * inverse))));
  }
}

void make_block(const HeadCache& cache, int64_t position, int count, Int16Block& out) {
  for (int b = 0; b < kBlocks; ++b) {  // what lies beyond `count` is masked when it is a score
    const uint16_t* keys = cache.keys + (position + b * 16) * cache.width;
    IntVec most = {};
    for (int64_t d = 0; d < cache.width; ++d) most = larger_bits(most, halves(keys + d * 16));
    Vec inverse;
    store(out.key_scales + b * 16, scale_of(most, kMostKey, inverse));
    for (int64_t d = 0; d < cache.width; d += 2) out.keys[b][d / 2] = paired(rounded(halves(keys + d * 16) * inverse), rounded(halves(keys + d * 16 + 16) * inverse));
  }
  for (int64_t d = 0; d < cache.width; d += kWidth) {
    const uint16_t* values = cache.values + position * cache.width + d;
    IntVec most = {};
    for (int i = 0; i < count; ++i) most = larger_bits(most, halves(values + i * cache.width));
    Vec inverse;
    store(out.value_scales + d, scale_of(most, kMostValue, inverse));
    for (int i = 0; i < count; i += 2) {
      const Vec second = i + 1 < count ? halves(values + (i + 1) * cache.width) : all(0.0F);
      out.values[d / kWidth][i / 2] = paired(rounded(halves(values + i * cache.width) * inverse), rounded(second * inverse));
    }
  }
}

// A row's scores become integers of up to kMostWeight; what one of them is worth. `shrink`: what is left of what was summed before.
RIGPILOT_INLINE float soften_int16(Vec (&scores)[kBlocks], int64_t seen, float& most, float& total, float& shrink, int16_t* weights) {
  if (seen < kStep)
    for (int b = 0; b < kBlocks; ++b) {
      const IntVec lane = IntVec{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + b * 16;
      scores[b] = lane < int32_t(seen) ? scores[b] : all(kMinusInfinity);
    }
  const float here = largest(larger(larger(scores[0], scores[1]), larger(scores[2], scores[3])));
  const float now = here > most ? here : most;
  shrink = 1;
  if (here == kMinusInfinity) {
    for (int b = 0; b < kBlocks; ++b) _mm256_store_si256(reinterpret_cast<__m256i*>(weights + b * 16), _mm256_setzero_si256());
    return 0;
  }
  IntVec units = {};
  Vec probe = all(0.0F);
  for (int b = 0; b < kBlocks; ++b) {
    const Vec weight = exp(scores[b] - all(here));
    const IntVec whole = weight == weight ? rounded(weight * all(kMostWeight)) : IntVec{};  // what is no number shows in the probe
    probe += weight - weight;
    units += whole;
    _mm256_store_si256(reinterpret_cast<__m256i*>(weights + b * 16), _mm512_cvtepi32_epi16(__m512i(whole)));
  }
  const Vec both = exp(Vec{most - now, here - now});
  shrink = both[0];
  const float worth = both[1] * (1 / kMostWeight) + sum(probe);  // NaN where a score is
  total = total * shrink + worth * float(_mm512_reduce_add_epi32(__m512i(units)));
  most = now;
  return worth;
}

// In registers: compilers fill such an array in memory and load it.
template <int Rows, int Columns>
RIGPILOT_INLINE void set_to_zero(IntVec (&values)[Rows][Columns]) {
  for (auto& row : values)
    for (IntVec& value : row) value = IntVec{};
}

template <int Rows>
void attend_block(const Int16Queries& queries, const Int16Block& block, int64_t row, int64_t position, int count, const AttentionTile& tile, int64_t width) {
  IntVec dots[Rows][kBlocks];
  set_to_zero(dots);
  for (int64_t pair = 0; pair < width / 2; ++pair)
    for (int r = 0; r < Rows; ++r) {
      const __m512i query = _mm512_set1_epi32(queries.pairs[row + r][pair]);
      for (int b = 0; b < kBlocks; ++b) dots[r][b] = IntVec(_mm512_dpwssd_epi32(__m512i(dots[r][b]), __m512i(block.keys[b][pair]), query));
    }
  alignas(64) int16_t weights[Rows][kStep];
  float worth[Rows], shrink[Rows];
  for (int r = 0; r < Rows; ++r) {
    Vec scores[kBlocks];
    const Vec scale = all(queries.scales[row + r]);
    for (int b = 0; b < kBlocks; ++b) scores[b] = __builtin_convertvector(dots[r][b], Vec) * (load(block.key_scales + b * 16) * scale);
    const int64_t seen = tile.seen[row + r] - position;
    worth[r] = soften_int16(scores, seen < count ? seen : count, tile.most[row + r], tile.total[row + r], shrink[r], weights[r]);
  }
  constexpr int kVectors = 4;
  for (int64_t first = 0; first < width; first += kVectors * kWidth) {
    const int vectors = width - first < kVectors * kWidth ? int((width - first) / kWidth) : kVectors;
    IntVec sums[Rows][kVectors];
    set_to_zero(sums);
    const IntVec(*values)[kStep / 2] = block.values + first / kWidth;
    const auto add = [&](auto known) {
      for (int pair = 0; pair < (count + 1) / 2; ++pair)
        for (int r = 0; r < Rows; ++r) {
          int32_t two;
          __builtin_memcpy(&two, weights[r] + 2 * pair, 4);
          const __m512i weight = _mm512_set1_epi32(two);
          for (int v = 0; v < known.value; ++v) sums[r][v] = IntVec(_mm512_dpwssd_epi32(__m512i(sums[r][v]), __m512i(values[v][pair]), weight));
        }
    };
    switch (vectors) {
      case 1: add(Known<1>{}); break;
      case 2: add(Known<2>{}); break;
      case 3: add(Known<3>{}); break;
      default: add(Known<4>{}); break;
    }
    for (int v = 0; v < vectors; ++v) {
      const Vec scale = load(block.value_scales + first + v * kWidth);
      for (int r = 0; r < Rows; ++r) {
        float* out = tile.out + (row + r) * width + first + v * kWidth;
        store(out, load(out) * all(shrink[r]) + __builtin_convertvector(sums[r][v], Vec) * (scale * all(worth[r])));
      }
    }
  }
}

void attend_int16(const HeadCache& cache, Range positions, const AttentionTile& tile) {
  Int16Queries queries;
  Int16Block block;
  make_queries(tile, cache.width, queries);
  int64_t last = 0;
  for (int64_t r = 0; r < tile.rows; ++r) last = tile.seen[r] > last ? tile.seen[r] : last;
  const int64_t end = last < positions.end ? last : positions.end;
  for (int64_t at = positions.begin; at < end; at += kStep) {
    const int count = end - at < kStep ? int(end - at) : kStep;
    make_block(cache, at, count, block);
    for (int64_t row = 0; row < tile.rows; row += 4) {
      const int64_t rows = tile.rows - row < 4 ? tile.rows - row : 4;
      int64_t seen = 0;
      for (int64_t r = row; r < row + rows; ++r) seen = tile.seen[r] > seen ? tile.seen[r] : seen;
      if (seen <= at) continue;
      switch (rows) {
        case 1: attend_block<1>(queries, block, row, at, count, tile, cache.width); break;
        case 2: attend_block<2>(queries, block, row, at, count, tile, cache.width); break;
        case 3: attend_block<3>(queries, block, row, at, count, tile, cache.width); break;
        default: attend_block<4>(queries, block, row, at, count, tile, cache.width); break;
      }
    }
  }
}

// Few rows do not pay for the integers.
void attend_any(const HeadCache& cache, Range positions, const AttentionTile& tile) {
  if (tile.rows <= 8 || tile.rows > kMostInt16Rows || cache.width > kMostInt16Width) attend_tile(cache, positions, tile);
  else attend_int16(cache, positions, tile);
}

}  // namespace
}  // namespace engine::cpu

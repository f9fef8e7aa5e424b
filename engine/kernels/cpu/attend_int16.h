// attend_int16.h: attention for many rows at once, over AVX-512's dot product of 16-bit integers: twice the products of f32 an instruction.
// The keys and values of 64 positions become 13-bit and 11-bit integers once and serve all rows; queries and softmax weights are integers of
// 13 and 15 bits, so that no sum of 32 bits can overflow. Scales: a query's, a key's, a value's column of the 64, a row's weights of the
// 64. That is 8 times as fine as bfloat16 where numbers are large. Softmax and what is summed over the 64s stay f32. Pure.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/across.h"
#include "engine/kernels/cpu/fused_rows.h"

namespace engine::cpu {
namespace {

constexpr int64_t kMostInt16Rows = 128, kMostInt16Width = 128;
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
  alignas(64) float key_scales[kStep], value_scales[kMostInt16Width];
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

// One instruction, its sum in place: what compilers make of the intrinsic copies sums about.
RIGPILOT_INLINE void add_pairs(__m512i& sum, __m512i a, __m512i b) { asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b)); }

// sums[r][c]: the products of left[c * stride ..] and right[r * right_stride ..], `count` pairs of 16-bit integers each.
template <int Rows, int Columns>
RIGPILOT_INLINE void dot_pairs(const IntVec* left, int64_t stride, const int32_t* right, int64_t right_stride, int64_t count, __m512i (&sums)[Rows][Columns]) {
  each<Rows>([&](auto r) RIGPILOT_INLINED { each<Columns>([&](auto c) RIGPILOT_INLINED { sums[r][c] = _mm512_setzero_si512(); }); });
#pragma GCC unroll 1
  for (int64_t pair = 0; pair < count; ++pair) {
    __m512i of_column[Columns];
    each<Columns>([&](auto c) RIGPILOT_INLINED { of_column[c] = __m512i(left[c * stride + pair]); });
    each<Rows>([&](auto r) RIGPILOT_INLINED {
      const __m512i two = _mm512_set1_epi32(right[r * right_stride + pair]);
      each<Columns>([&](auto c) RIGPILOT_INLINED { add_pairs(sums[r][c], of_column[c], two); });
    });
  }
}

// Rows of scores of kStep positions; -infinity for what a row does not see.
template <int Rows>
RIGPILOT_INLINE void score_rows(const Int16Queries& queries, const Int16Block& block, int64_t row, int64_t width, const int64_t (&seen)[Rows], Vec (&scores)[Rows][kBlocks]) {
  __m512i dots[Rows][kBlocks];
  dot_pairs<Rows, kBlocks>(block.keys[0], kMostInt16Width / 2, queries.pairs[row], kMostInt16Width / 2, width / 2, dots);
  Vec key_scales[kBlocks];
  each<kBlocks>([&](auto b) RIGPILOT_INLINED { key_scales[b] = load(block.key_scales + b * 16); });
  each<Rows>([&](auto r) RIGPILOT_INLINED {
    const Vec scale = all(queries.scales[row + r]);
    each<kBlocks>([&](auto b) RIGPILOT_INLINED {
      const int64_t sees = seen[r] - b * 16;
      const __mmask16 mask = sees >= 16 ? __mmask16(0xFFFF) : sees <= 0 ? __mmask16(0) : __mmask16((1U << sees) - 1);
      const Vec score = Vec(_mm512_cvtepi32_ps(dots[r][b])) * (key_scales[b] * scale);
      scores[r][b] = Vec(_mm512_mask_blend_ps(mask, __m512(all(kMinusInfinity)), __m512(score)));
    });
  });
}

// 2^x * kMostWeight, rounded, for x <= 0: the series of 2^f for f up to a half, 0.1 of a unit off. What is no number becomes negative.
RIGPILOT_INLINE __m512i power_weight(Vec x) {
  const __m512 bounded = _mm512_max_ps(__m512(all(-40.0F)), __m512(x)), whole = _mm512_roundscale_ps(bounded, 0);
  const Vec f = Vec(_mm512_sub_ps(bounded, whole));
  Vec p = all(kMostWeight * 1.33335581e-3F) * f + all(kMostWeight * 9.61812911e-3F);
  p = p * f + all(kMostWeight * 5.55041087e-2F);
  p = p * f + all(kMostWeight * 0.240226507F);
  p = p * f + all(kMostWeight * 0.693147181F);
  p = p * f + all(kMostWeight);
  return _mm512_cvtps_epi32(_mm512_scalef_ps(__m512(p), whole));
}

struct Int16Weights {
  alignas(64) int16_t pairs[4][kStep];
  alignas(64) float worth[16], shrink[16];  // of a row: what a unit of its weights is worth; what is left of what was summed before
};

// Scores become weights, integers of up to kMostWeight; `most` and `total` of the rows follow.
template <int Rows>
RIGPILOT_INLINE void soften_rows(const Vec (&scores)[Rows][kBlocks], float* most, float* total, Int16Weights& out) {
  constexpr __mmask16 kRows = (1 << Rows) - 1;
  constexpr float kLog2e = 1.44269504F;
  Vec of_rows[4];
  each<4>([&](auto r) RIGPILOT_INLINED {
    constexpr int kRow = r < Rows ? r : 0;
    of_rows[r] = larger(larger(scores[kRow][0], scores[kRow][1]), larger(scores[kRow][2], scores[kRow][3]));
  });
  const Vec here = across(of_rows, [](Vec a, Vec b) RIGPILOT_INLINED { return larger(a, b); });
  const Vec before = Vec(_mm512_maskz_loadu_ps(kRows, most)), now = larger(here, before);
  const Vec floor = all(-1e30F), now_finite = larger(now, floor);  // a row that has seen nothing yet gets weights of 0
  const __m512 most_here = __m512(larger(here, floor));
  unsigned wrong = 0;
  each<Rows>([&](auto r) RIGPILOT_INLINED {
    const Vec reference = Vec(_mm512_permute_ps(most_here, r * 0x55));
    __m512i units = _mm512_setzero_si512(), signs = units;
    each<kBlocks>([&](auto b) RIGPILOT_INLINED {
      const __m512i weight = power_weight((scores[r][b] - reference) * all(kLog2e));
      units = _mm512_add_epi32(units, weight);
      signs = _mm512_or_si512(signs, weight);
      _mm256_store_si256(reinterpret_cast<__m256i*>(out.pairs[r] + b * 16), _mm512_cvtepi32_epi16(weight));
    });
    wrong |= unsigned(_mm512_movepi32_mask(signs) != 0) << r;
    of_rows[r] = Vec(_mm512_cvtepi32_ps(units));
  });
  const Vec units = across(of_rows, [](Vec a, Vec b) RIGPILOT_INLINED { return a + b; }), shrink = exp(before - now_finite);
  const Vec worth = Vec(_mm512_mask_blend_ps(__mmask16(wrong), __m512(exp(here - now_finite) * all(1 / kMostWeight)), __m512(all(__builtin_nanf("")))));
  _mm512_mask_storeu_ps(most, kRows, __m512(now));
  _mm512_mask_storeu_ps(total, kRows, __m512(Vec(_mm512_maskz_loadu_ps(kRows, total)) * shrink + units * worth));
  store(out.worth, worth);
  store(out.shrink, shrink);
}

template <int Rows>
void attend_block(const Int16Queries& queries, const Int16Block& block, int64_t row, int64_t position, int count, const AttentionTile& tile, int64_t width) {
  Int16Weights weights;
  Vec scores[Rows][kBlocks];
  int64_t seen[Rows];
  for (int r = 0; r < Rows; ++r) seen[r] = tile.seen[row + r] - position < count ? tile.seen[row + r] - position : count;
  score_rows<Rows>(queries, block, row, width, seen, scores);
  soften_rows<Rows>(scores, tile.most + row, tile.total + row, weights);
  const auto add = [&](auto known, int64_t first) {
    constexpr int kColumns = decltype(known)::value;
    __m512i sums[Rows][kColumns];
    dot_pairs<Rows, kColumns>(block.values[first / kWidth], kStep / 2, reinterpret_cast<const int32_t*>(weights.pairs[0]), kStep / 2, (count + 1) / 2, sums);
    each<kColumns>([&](auto c) RIGPILOT_INLINED {
      const Vec scale = load(block.value_scales + first + c * kWidth);
      each<Rows>([&](auto r) RIGPILOT_INLINED {
        float* out = tile.out + (row + r) * width + first + c * kWidth;
        store(out, load(out) * all(weights.shrink[r]) + Vec(_mm512_cvtepi32_ps(sums[r][c])) * (scale * all(weights.worth[r])));
      });
    });
  };
  int64_t first = 0;
  for (; first + 4 * kWidth <= width; first += 4 * kWidth) add(Known<4>{}, first);
  switch ((width - first) / kWidth) {
    case 1: add(Known<1>{}, first); break;
    case 2: add(Known<2>{}, first); break;
    case 3: add(Known<3>{}, first); break;
    default: break;
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

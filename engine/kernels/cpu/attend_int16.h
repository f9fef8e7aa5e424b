// attend_int16.h: attention for many rows at once in 16-bit integers, for AVX2 and later: twice the products of f32 an instruction.
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
constexpr int kTileColumns = kRegister == 64 ? 4 : 1;    // sixteens that are summed at once for four rows: sixteen sums of 32 registers, eight of 16

struct Int16Queries {
  alignas(64) int16_t pairs[kMostInt16Rows][kMostInt16Width];
  float scales[kMostInt16Rows];
};

struct Int16Block {
  IntVec keys[kBlocks][kMostInt16Width / 2];                    // [16 positions][column pair][position]
  IntVec values[kMostInt16Width / kWidth][kStep / 2];           // [16 columns][position pair][column]
  alignas(64) float key_scales[kStep], value_scales[kMostInt16Width];
};

RIGPILOT_INLINE IntVec paired(IntVec low, IntVec high) { return (low & all_ints(0xFFFF)) | high << 16; }
RIGPILOT_INLINE IntVec larger_bits(IntVec most, Vec v) { return larger(most, IntVec(size(v))); }  // what is no number is above all numbers
// The scale of integers up to `limit` for such magnitudes, and its inverse; NaN where one is not finite.
RIGPILOT_INLINE Vec scale_of(IntVec most, float limit, Vec& inverse) {
  const Vec size = larger(Vec(most), all(0x1p-100F));
  inverse = all(limit) / size;
  return where(most < all_ints(0x7F800000), size * all(1 / limit), all(__builtin_nanf("")));
}

void make_queries(const AttentionTile& tile, int64_t width, Int16Queries& out) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float* in = tile.queries + r * width;
    IntVec bits = all_ints(0);
    for (int64_t d = 0; d < width; d += kWidth) bits = larger_bits(bits, load(in + d));
    Vec inverse;
    out.scales[r] = first_of(scale_of(all_ints(largest(bits)), kMostQuery, inverse));
    for (int64_t d = 0; d < width; d += kWidth) store_shorts(out.pairs[r] + d, rounded(load(in + d) * inverse));
  }
}

void make_block(const HeadCache& cache, int64_t position, int count, Int16Block& out) {
  for (int b = 0; b < kBlocks; ++b) {  // what lies beyond `count` is masked when it is a score
    const uint16_t* keys = cache.keys + (position + b * 16) * cache.width;
    IntVec most = all_ints(0);
    for (int64_t d = 0; d < cache.width; ++d) most = larger_bits(most, halves(keys + d * 16));
    Vec inverse;
    store(out.key_scales + b * 16, scale_of(most, kMostKey, inverse));
    for (int64_t d = 0; d < cache.width; d += 2) out.keys[b][d / 2] = paired(rounded(halves(keys + d * 16) * inverse), rounded(halves(keys + d * 16 + 16) * inverse));
  }
  for (int64_t d = 0; d < cache.width; d += kWidth) {
    const uint16_t* values = cache.values + position * cache.width + d;
    IntVec most = all_ints(0);
    for (int i = 0; i < count; ++i) most = larger_bits(most, halves(values + i * cache.width));
    Vec inverse;
    store(out.value_scales + d, scale_of(most, kMostValue, inverse));
    for (int i = 0; i < count; i += 2) {
      const Vec second = i + 1 < count ? halves(values + (i + 1) * cache.width) : all(0.0F);
      out.values[d / kWidth][i / 2] = paired(rounded(halves(values + i * cache.width) * inverse), rounded(second * inverse));
    }
  }
}

// sum += the products of both 16-bit halves of each lane. The sum stays in its register: compilers copy sums about, or do all products first.
RIGPILOT_INLINE void add_pairs(IntPart& sum, IntPart a, IntPart b) {
#if defined(__AVX512VNNI__)
  asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
#elif defined(__AVXVNNI__)
  asm("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
#else
  sum = IntPart(_mm256_add_epi32(__m256i(sum), _mm256_madd_epi16(__m256i(a), __m256i(b))));
  asm("" : "+x"(sum));
#endif
}

RIGPILOT_INLINE IntPart everywhere(const int16_t* two) {
  int32_t pair;
  __builtin_memcpy(&pair, two, 4);
  return part_of<IntPart>(pair);
}

// sums[r][c]: the products of left[c * stride ..] and right[r * right_stride ..], `count` pairs of 16-bit integers each. A sixteen is kParts registers.
constexpr int kParts = 64 / kRegister;
template <int Rows, int Columns>
RIGPILOT_INLINE void dot_pairs(const IntVec* left, int64_t stride, const int16_t* right, int64_t right_stride, int64_t count, IntPart (&sums)[Rows][Columns * kParts]) {
  each<Rows>([&](auto r) RIGPILOT_INLINED { each<Columns * kParts>([&](auto c) RIGPILOT_INLINED { sums[r][c] = IntPart{}; }); });
#pragma GCC unroll 1
  for (int64_t pair = 0; pair < count; ++pair) {
    IntPart of_column[Columns * kParts];
    each<Columns * kParts>([&](auto c) RIGPILOT_INLINED { __builtin_memcpy(&of_column[c], reinterpret_cast<const char*>(left + c / kParts * stride + pair) + c % kParts * kRegister, kRegister); });
    each<Rows>([&](auto r) RIGPILOT_INLINED {
      const IntPart two = everywhere(right + r * right_stride + 2 * pair);
      each<Columns * kParts>([&](auto c) RIGPILOT_INLINED { add_pairs(sums[r][c], of_column[c], two); });
    });
  }
}
template <int Column, int Parts>
RIGPILOT_INLINE Vec floats_of(const IntPart (&sums)[Parts]) {
  return from_parts<Vec>([&](int i) RIGPILOT_INLINED { return __builtin_convertvector(sums[Column * kParts + i], FloatPart); });
}

// Positions 16 .. 31 of a row that sees none from the 20th on, say: -infinity from lane 4 on. `sees` counts from the sixteen's first.
RIGPILOT_INLINE Vec hidden_from(int64_t sees, Vec scores) {
  if (sees >= kWidth) return scores;
  const IntVec lanes = from_parts<IntVec>([](int i) RIGPILOT_INLINED {
    IntPart part;
    for (int k = 0; k < kPart; ++k) part[k] = i * kPart + k;
    return part;
  });
  return where(lanes < all_ints(int32_t(sees)), scores, all(kMinusInfinity));
}

// Rows of scores of kStep positions; -infinity for what a row does not see.
template <int Rows>
RIGPILOT_INLINE void score_rows(const Int16Queries& queries, const Int16Block& block, int64_t row, int64_t width, const int64_t (&seen)[Rows], Vec (&scores)[Rows][kBlocks]) {
  each<kBlocks / kTileColumns>([&](auto tile) RIGPILOT_INLINED {
    constexpr int kFirst = tile * kTileColumns;
    IntPart dots[Rows][kTileColumns * kParts];
    dot_pairs<Rows, kTileColumns>(block.keys[kFirst], kMostInt16Width / 2, queries.pairs[row], kMostInt16Width, width / 2, dots);
    each<kTileColumns>([&](auto c) RIGPILOT_INLINED {
      const Vec key_scales = load(block.key_scales + (kFirst + c) * 16);
      each<Rows>([&](auto r) RIGPILOT_INLINED {
        scores[r][kFirst + c] = hidden_from(seen[r] - (kFirst + c) * 16, floats_of<c>(dots[r]) * (key_scales * all(queries.scales[row + r])));
      });
    });
  });
}

// 2^x * kMostWeight, rounded, for x <= 0: the series of 2^f for f up to a half, 0.1 of a unit off. What is no number becomes negative.
RIGPILOT_INLINE IntVec power_weight(Vec x) {
  const Vec least = all(-40.0F);
#if defined(__AVX512F__)
  const Vec bounded = Vec(_mm512_max_ps(__m512(least), __m512(x))), whole = Vec(_mm512_roundscale_ps(__m512(bounded), 0));
#else
  const Vec magic = all(12582912.0F), bounded = larger(least, x), shifted = bounded + magic, whole = shifted - magic;  // 1.5 * 2^23
#endif
  const Vec f = bounded - whole;
  Vec p = all(kMostWeight * 1.33335581e-3F) * f + all(kMostWeight * 9.61812911e-3F);
  p = p * f + all(kMostWeight * 5.55041087e-2F);
  p = p * f + all(kMostWeight * 0.240226507F);
  p = p * f + all(kMostWeight * 0.693147181F);
  p = p * f + all(kMostWeight);
#if defined(__AVX512F__)
  return rounded(Vec(_mm512_scalef_ps(__m512(p), __m512(whole))));
#else
  const Vec scaled = Vec(BitVec(p) + ((BitVec(shifted) - all_bits(0x4B400000U)) << 23));
  return rounded(where(p == p, scaled, p));
#endif
}

struct Int16Weights {
  alignas(64) int16_t pairs[4][kStep];
  FourFloats worth, shrink;  // of a row: what a unit of its weights is worth; what is left of what was summed before
};

template <int Rows>
RIGPILOT_INLINE FourFloats load_rows(const float* p) {
  FourFloats v = four(0);
  __builtin_memcpy(&v, p, Rows * sizeof(float));
  return v;
}

// Scores become weights, integers of up to kMostWeight; `most` and `total` of the rows follow.
template <int Rows>
RIGPILOT_INLINE void soften_rows(const Vec (&scores)[Rows][kBlocks], float* most, float* total, Int16Weights& out) {
  constexpr float kLog2e = 1.44269504F;
  Vec of_rows[4];
  each<4>([&](auto r) RIGPILOT_INLINED {
    constexpr int kRow = r < Rows ? r : 0;
    of_rows[r] = larger(larger(scores[kRow][0], scores[kRow][1]), larger(scores[kRow][2], scores[kRow][3]));
  });
  const FourFloats here = across(of_rows, [](auto a, auto b) RIGPILOT_INLINED { return a > b ? a : b; });
  const FourFloats before = load_rows<Rows>(most), now = larger_of(here, before);
  const FourFloats finite = larger_of(here, four(-1e30F)), now_finite = larger_of(now, four(-1e30F));  // a row that has seen nothing yet gets weights of 0
  FourInts wrong = {};
  each<Rows>([&](auto r) RIGPILOT_INLINED {
    BitVec units = all_bits(0);  // what is no number may pass over the sign
    IntVec signs = all_ints(0);
    each<kBlocks>([&](auto b) RIGPILOT_INLINED {
      const IntVec weight = power_weight((scores[r][b] - all(finite[r.value])) * all(kLog2e));
      units = units + BitVec(weight);
      signs = signs | weight;
      store_shorts(out.pairs[r] + b * 16, weight);
    });
    wrong[r.value] = any_negative(signs) ? -1 : 0;
    of_rows[r] = floats(IntVec(units));
  });
  const FourFloats units = across(of_rows, [](auto a, auto b) RIGPILOT_INLINED { return a + b; });
  const FourFloats shrink = first_four(exp(repeated(before - now_finite)));
  const FourFloats worth = wrong ? four(__builtin_nanf("")) : first_four(exp(repeated(here - now_finite))) * four(1 / kMostWeight);
  const FourFloats summed = load_rows<Rows>(total) * shrink + units * worth;
  __builtin_memcpy(most, &now, Rows * sizeof(float));
  __builtin_memcpy(total, &summed, Rows * sizeof(float));
  out.worth = worth, out.shrink = shrink;
}

// Columns first .. of what the rows sum up.
template <int Rows, int Columns>
RIGPILOT_INLINE void add_weighted(const Int16Block& block, const Int16Weights& weights, int count, int64_t first, int64_t width, float* out) {
  IntPart sums[Rows][Columns * kParts];
  dot_pairs<Rows, Columns>(block.values[first / kWidth], kStep / 2, weights.pairs[0], kStep, (count + 1) / 2, sums);
  each<Columns>([&](auto c) RIGPILOT_INLINED {
    const Vec scale = load(block.value_scales + first + c * kWidth);
    each<Rows>([&](auto r) RIGPILOT_INLINED {
      float* into = out + r * width + first + c * kWidth;
      store(into, load(into) * all(weights.shrink[r.value]) + floats_of<c>(sums[r]) * (scale * all(weights.worth[r.value])));
    });
  });
}

template <int Rows>
void attend_block(const Int16Queries& queries, const Int16Block& block, int64_t row, int64_t position, int count, const AttentionTile& tile, int64_t width) {
  Int16Weights weights;
  Vec scores[Rows][kBlocks];
  int64_t seen[Rows];
  for (int r = 0; r < Rows; ++r) seen[r] = tile.seen[row + r] - position < count ? tile.seen[row + r] - position : count;
  score_rows<Rows>(queries, block, row, width, seen, scores);
  soften_rows<Rows>(scores, tile.most + row, tile.total + row, weights);
  float* out = tile.out + row * width;
  int64_t first = 0;
  for (; first + kTileColumns * kWidth <= width; first += kTileColumns * kWidth) add_weighted<Rows, kTileColumns>(block, weights, count, first, width, out);
  for (; first < width; first += kWidth) add_weighted<Rows, 1>(block, weights, count, first, width, out);
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

// quantize_avx512.h: quantize_rows (fused_rows.h) four units at a time, whose largest magnitudes, inverses and sums then share
// instructions: the same numbers to the bit in 0.4 of the time. Pure apart from what is written.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/across.h"
#include "engine/kernels/cpu/fused_rows.h"

namespace engine::cpu {
namespace {

// Lanes 0, 4, 8 and 12 of `low`, then of `high`.
RIGPILOT_INLINE __m256i every_fourth(__m512i low, __m512i high) {
  return _mm512_castsi512_si256(_mm512_permutex2var_epi32(low, _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0), high));
}

// 64 codes of two units: the sum of each sixteen, in every lane of their four.
RIGPILOT_INLINE __m512i sums_of_sixteen(__m512i codes) {
  const __m512i fours = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), codes);
  const __m512i eights = _mm512_add_epi32(fours, _mm512_shuffle_epi32(fours, _MM_PERM_ENUM(0xB1)));
  return _mm512_add_epi32(eights, _mm512_shuffle_epi32(eights, _MM_PERM_ENUM(0x4E)));
}

// Four vectors of integers within -127 .. 127 as bytes, in their order.
RIGPILOT_INLINE __m512i bytes_in_order(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i mixed = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));  // a quarter of each in every quarter
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), mixed);
}

// Units at .. at + 3, v[2 * unit + half]; `at` counts from the first row's first.
RIGPILOT_INLINE void quantize_four(Vec (&v)[8], int64_t at, const Int8Rows& out) {
  Vec most_of[4];
  each<4>([&](auto u) RIGPILOT_INLINED {  // as integers, where what is no number is above all numbers
    most_of[u] = Vec(_mm512_max_epi32(__m512i(size(v[2 * u])), __m512i(size(v[2 * u + 1]))));
  });
  const Vec most = across(most_of, [](Vec a, Vec b) RIGPILOT_INLINED { return Vec(_mm512_max_epi32(__m512i(a), __m512i(b))); });
  const __mmask16 finite = _mm512_cmplt_epi32_mask(__m512i(most), _mm512_set1_epi32(0x7F800000));
  const Vec scale = most > all(0x1p-100F) ? most / all(127) : all(0x1p-100F / 127), inverse = all(1) / scale;
  each<4>([&](auto u) RIGPILOT_INLINED {
    if (!(finite >> u & 1)) v[2 * u] = v[2 * u + 1] = all(0.0F);
  });
  __m512i whole[8];
  each<8>([&](auto i) RIGPILOT_INLINED {
    constexpr int kUnitOf = i / 2;
    const __m512 of_unit = _mm512_permute_ps(__m512(inverse), kUnitOf * 0x55), magic = _mm512_set1_ps(12582912.0F);  // as codes_of rounds
    whole[i] = _mm512_sub_epi32(_mm512_castps_si512(_mm512_fmadd_ps(__m512(v[i]), of_unit, magic)), _mm512_set1_epi32(0x4B400000));
  });
  const __m512i codes[2] = {bytes_in_order(whole[0], whole[1], whole[2], whole[3]), bytes_in_order(whole[4], whole[5], whole[6], whole[7])};
  _mm512_storeu_si512(out.codes + at * kUnit, codes[0]);
  _mm512_storeu_si512(out.codes + at * kUnit + 64, codes[1]);
  const __m256i halves = every_fourth(sums_of_sixteen(codes[0]), sums_of_sixteen(codes[1]));
  const __m128i units = _mm_hadd_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
  const __m128 kept = _mm512_castps512_ps128(_mm512_mask_blend_ps(finite, __m512(all(__builtin_nanf(""))), __m512(scale)));
  const __m256 kept_twice = _mm256_permutevar8x32_ps(_mm256_castps128_ps256(kept), _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
  _mm_storeu_ps(out.scales + at, kept);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.minus_sums + 2 * at), _mm256_sub_epi32(_mm256_setzero_si256(), halves));
  _mm256_storeu_ps(out.sums + 2 * at, _mm256_mul_ps(kept_twice, _mm256_cvtepi32_ps(halves)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out.minus_sum32 + at), _mm_sub_epi32(_mm_setzero_si128(), units));
  _mm_storeu_ps(out.sum32 + at, _mm_mul_ps(kept, _mm_cvtepi32_ps(units)));
}

void quantize_rows_avx512(const float* x, Range rows, Norm norm, const Int8Rows& out) {
  const int64_t units = out.columns / kUnit;
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* in = x + row * out.columns;
    const Vec scale = all(norm.weight ? norm_scale(in, out.columns, norm.epsilon) : 1.0F);
    const auto value = [&](int64_t at) RIGPILOT_INLINED { return norm.weight ? load(in + at) * scale * load(norm.weight + at) : load(in + at); };
    int64_t unit = 0;
    for (; unit + 4 <= units; unit += 4) {
      Vec v[8];
      each<8>([&](auto i) RIGPILOT_INLINED { v[i] = value(unit * kUnit + i * kWidth); });
      quantize_four(v, row * units + unit, out);
    }
    for (; unit < units; ++unit) quantize_unit(value(unit * kUnit), value(unit * kUnit + kWidth), row * units + unit, out);
  }
}

}  // namespace
}  // namespace engine::cpu

// across.h: one number of each of four vectors, with few shuffles, for AVX2 and AVX-512. Pure.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/vec.h"

namespace engine::cpu {
namespace {

// Those of four rows.
typedef float FourFloats __attribute__((vector_size(16)));
typedef int32_t FourInts __attribute__((vector_size(16)));

RIGPILOT_INLINE FourFloats four(float v) { return FourFloats{v, v, v, v}; }
RIGPILOT_INLINE FourFloats larger_of(FourFloats a, FourFloats b) { return a > b ? a : b; }

// Of four rows, what `combine` makes of a row's sixteen numbers; it takes and gives a FloatPart as it does a FourFloats.
template <class Combine>
RIGPILOT_INLINE FourFloats across(const Vec (&rows)[4], const Combine& combine) {
#if defined(__AVX512F__)
  const auto pairs = [&](Vec a, Vec b) RIGPILOT_INLINED { return __m512(combine(Vec(_mm512_unpacklo_ps(__m512(a), __m512(b))), Vec(_mm512_unpackhi_ps(__m512(a), __m512(b))))); };
  const __m512 low = pairs(rows[0], rows[1]), high = pairs(rows[2], rows[3]);
  const __m512 all_four = __m512(combine(Vec(_mm512_shuffle_ps(low, high, 0x44)), Vec(_mm512_shuffle_ps(low, high, 0xEE))));
  const __m256 eight = __m256(combine(__m256(_mm512_castps512_ps256(all_four)), __m256(_mm512_extractf32x8_ps(all_four, 1))));
#else
  const auto one = [&](Vec v) RIGPILOT_INLINED { return __m256(combine(v.low, v.high)); };
  const auto pairs = [&](__m256 a, __m256 b) RIGPILOT_INLINED { return __m256(combine(FloatPart(_mm256_unpacklo_ps(a, b)), FloatPart(_mm256_unpackhi_ps(a, b)))); };
  const __m256 low = pairs(one(rows[0]), one(rows[1])), high = pairs(one(rows[2]), one(rows[3]));
  const __m256 eight = __m256(combine(FloatPart(_mm256_shuffle_ps(low, high, 0x44)), FloatPart(_mm256_shuffle_ps(low, high, 0xEE))));
#endif
  return FourFloats(combine(FourFloats(_mm256_castps256_ps128(eight)), FourFloats(_mm256_extractf128_ps(eight, 1))));
}

RIGPILOT_INLINE Vec repeated(FourFloats v) {
#if defined(__AVX512F__)
  return Vec(_mm512_broadcast_f32x4(__m128(v)));
#else
  const FloatPart both = FloatPart(_mm256_set_m128(__m128(v), __m128(v)));
  return Vec(both, both);
#endif
}
RIGPILOT_INLINE FourFloats first_four(Vec v) {
#if defined(__AVX512F__)
  return FourFloats(_mm512_castps512_ps128(__m512(v)));
#else
  return FourFloats(_mm256_castps256_ps128(__m256(v.low)));
#endif
}

}  // namespace
}  // namespace engine::cpu

// across.h: one number of each of four AVX-512 vectors, with the fewest shuffles. Pure.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/vec.h"

namespace engine::cpu {
namespace {

// Of four rows, what `combine` makes of a row's sixteen numbers: lanes 0 to 3, and again in every other four.
template <class Combine>
RIGPILOT_INLINE Vec across(const Vec (&rows)[4], const Combine& combine) {
  const auto pairs = [&](Vec a, Vec b) RIGPILOT_INLINED { return combine(Vec(_mm512_unpacklo_ps(__m512(a), __m512(b))), Vec(_mm512_unpackhi_ps(__m512(a), __m512(b)))); };
  const __m512 low = __m512(pairs(rows[0], rows[1])), high = __m512(pairs(rows[2], rows[3]));
  const __m512 four = __m512(combine(Vec(_mm512_shuffle_ps(low, high, 0x44)), Vec(_mm512_shuffle_ps(low, high, 0xEE))));
  const __m512 eight = __m512(combine(Vec(four), Vec(_mm512_shuffle_f32x4(four, four, 0x4E))));
  return combine(Vec(eight), Vec(_mm512_shuffle_f32x4(eight, eight, 0xB1)));
}

}  // namespace
}  // namespace engine::cpu

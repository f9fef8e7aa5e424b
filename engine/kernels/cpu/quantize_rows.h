// quantize_rows.h: rows of floats, normalised where there is a weight for it, as int8 with a scale for each unit (fused.h's Int8Rows). AVX2 and
// AVX-512 take four units at a time, whose largest magnitudes, inverses and sums share instructions: the same numbers to the bit
// in two thirds of the time and in a quarter. Pure apart from what is written.
#pragma once

#include "engine/kernels/cpu/fused.h"
#include "engine/kernels/cpu/vec.h"
#if defined(__AVX2__)
#include "engine/kernels/cpu/across.h"
#endif

namespace engine::cpu {
namespace {

float norm_scale(const float* x, int64_t columns, float epsilon) {
  Vec squares[2] = {all(0.0F), all(0.0F)};
  for (int64_t i = 0; i < columns; i += kUnit)
    for (int k = 0; k < 2; ++k) {
      const Vec v = load(x + i + k * kWidth);
      squares[k] += v * v;
    }
  return 1 / __builtin_sqrtf(sum(squares[0] + squares[1]) / float(columns) + epsilon);
}

RIGPILOT_INLINE IntVec codes_of(Vec v, float inverse) {
  const Vec magic = all(12582912.0F);  // 1.5 * 2^23: adding it rounds to the nearest integer
  return IntVec(BitVec(v * all(inverse) + magic) - all_bits(0x4B400000U));
}

RIGPILOT_INLINE void quantize_unit(Vec low, Vec high, int64_t at, const Int8Rows& out) {
  const IntVec sizes[2] = {IntVec(size(low)), IntVec(size(high))};
  const int32_t bits = largest(larger(sizes[0], sizes[1]));  // what is no number is above all numbers
  const bool finite = bits < 0x7F800000;
  float most;
  __builtin_memcpy(&most, &bits, sizeof most);
  // The scale stays a normal number, so that its inverse is finite.
  const float scale = most > 0x1p-100F ? most / 127 : 0x1p-100F / 127, inverse = finite ? 1 / scale : 0;
  const ByteVec codes[2] = {low_bytes(codes_of(finite ? low : all(0.0F), inverse)), low_bytes(codes_of(finite ? high : all(0.0F), inverse))};
  const int32_t totals[2] = {sum(codes[0]), sum(codes[1])};
  __builtin_memcpy(out.codes + at * kUnit, codes, sizeof codes);
  const float kept = finite ? scale : __builtin_nanf("");
  out.scales[at] = kept;
  for (int half = 0; half < 2; ++half) {
    out.minus_sums[2 * at + half] = -totals[half];
    out.sums[2 * at + half] = kept * float(totals[half]);
  }
  out.minus_sum32[at] = -(totals[0] + totals[1]);
  out.sum32[at] = kept * float(totals[0] + totals[1]);
}

#if defined(__AVX2__)
// Of four units: the sums of the codes of each one's first half and of its second.
struct HalfSums {
  FourInts first, second;
};

#if defined(__AVX512F__)
// Four vectors of integers within -127 .. 127 as bytes, in their order.
RIGPILOT_INLINE __m512i bytes_in_order(IntVec a, IntVec b, IntVec c, IntVec d) {
  const __m512i mixed = _mm512_packs_epi16(_mm512_packs_epi32(__m512i(a), __m512i(b)), _mm512_packs_epi32(__m512i(c), __m512i(d)));  // a quarter of each in every quarter
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), mixed);
}
// 64 codes of two units: the sum of each sixteen, in every lane of their four.
RIGPILOT_INLINE __m512i sums_of_sixteen(__m512i codes) {
  const __m512i fours = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), codes);
  const __m512i eights = _mm512_add_epi32(fours, _mm512_shuffle_epi32(fours, _MM_PERM_ENUM(0xB1)));
  return _mm512_add_epi32(eights, _mm512_shuffle_epi32(eights, _MM_PERM_ENUM(0x4E)));
}
RIGPILOT_INLINE HalfSums store_codes(const IntVec (&whole)[8], int8_t* codes) {
  const __m512i low = bytes_in_order(whole[0], whole[1], whole[2], whole[3]), high = bytes_in_order(whole[4], whole[5], whole[6], whole[7]);
  _mm512_storeu_si512(codes, low);
  _mm512_storeu_si512(codes + 64, high);
  const __m512i order = _mm512_setr_epi32(0, 8, 16, 24, 4, 12, 20, 28, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i sums = _mm512_castsi512_si256(_mm512_permutex2var_epi32(sums_of_sixteen(low), order, sums_of_sixteen(high)));
  return {FourInts(_mm256_castsi256_si128(sums)), FourInts(_mm256_extracti128_si256(sums, 1))};
}
#else
// A unit's 32 codes as bytes, and the sums of each four of them.
RIGPILOT_INLINE __m256i store_unit(const IntVec& low, const IntVec& high, int8_t* codes) {
  const __m256i mixed = _mm256_packs_epi16(_mm256_packs_epi32(__m256i(low.low), __m256i(low.high)), _mm256_packs_epi32(__m256i(high.low), __m256i(high.high)));
  const __m256i bytes = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), bytes);
  return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes), _mm256_set1_epi16(1));
}
RIGPILOT_INLINE HalfSums store_codes(const IntVec (&whole)[8], int8_t* codes) {
  __m256i fours[4];
  each<4>([&](auto u) RIGPILOT_INLINED { fours[u] = store_unit(whole[2 * u], whole[2 * u + 1], codes + u * kUnit); });
  const __m256i sums = _mm256_hadd_epi32(_mm256_hadd_epi32(fours[0], fours[1]), _mm256_hadd_epi32(fours[2], fours[3]));
  return {FourInts(_mm256_castsi256_si128(sums)), FourInts(_mm256_extracti128_si256(sums, 1))};
}
#endif

struct LargerBits {  // as integers, where what is no number is above all numbers
#if defined(__AVX512F__)
  RIGPILOT_INLINE Vec operator()(Vec a, Vec b) const { return Vec(_mm512_max_epi32(__m512i(a), __m512i(b))); }
#endif
  RIGPILOT_INLINE __m256 operator()(__m256 a, __m256 b) const { return _mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b))); }
  RIGPILOT_INLINE FourFloats operator()(FourFloats a, FourFloats b) const { return FourFloats(_mm_max_epi32(__m128i(a), __m128i(b))); }
};

RIGPILOT_INLINE void store_four(void* p, FourFloats v) { __builtin_memcpy(p, &v, sizeof v); }
RIGPILOT_INLINE void store_four(void* p, FourInts v) { __builtin_memcpy(p, &v, sizeof v); }
// a0 b0 a1 b1 ..
template <class V, class T>
RIGPILOT_INLINE void store_zipped(T* p, V a, V b) {
  store_four(p, V(_mm_unpacklo_epi32(__m128i(a), __m128i(b))));
  store_four(p + 4, V(_mm_unpackhi_epi32(__m128i(a), __m128i(b))));
}

// Units at .. at + 3, whose numbers are value(0) .. value(7), sixteen each; `at` counts from the first row's first unit.
template <class Value>
RIGPILOT_INLINE void quantize_four(const Value& value, int64_t at, const Int8Rows& out) {
  Vec most_of[4];
  each<4>([&](auto u) RIGPILOT_INLINED { most_of[u] = Vec(larger(IntVec(size(value(2 * u))), IntVec(size(value(2 * u + 1))))); });
  const FourFloats most = across(most_of, LargerBits{});
  if (_mm_movemask_ps(__m128(FourInts(most) < 0x7F800000)) != 15) {
    for (int u = 0; u < 4; ++u) quantize_unit(value(2 * u), value(2 * u + 1), at + u, out);
    return;
  }
  const FourFloats scale = most > four(0x1p-100F) ? most / four(127) : four(0x1p-100F / 127), inverse = four(1) / scale;
  IntVec whole[8];
  each<8>([&](auto i) RIGPILOT_INLINED { whole[i] = codes_of(value(i), inverse[i / 2]); });
  const HalfSums sums = store_codes(whole, out.codes + at * kUnit);
  const FourInts both = sums.first + sums.second;
  store_four(out.scales + at, scale);
  store_zipped(out.minus_sums + 2 * at, -sums.first, -sums.second);
  store_zipped(out.sums + 2 * at, scale * __builtin_convertvector(sums.first, FourFloats), scale * __builtin_convertvector(sums.second, FourFloats));
  store_four(out.minus_sum32 + at, -both);
  store_four(out.sum32 + at, scale * __builtin_convertvector(both, FourFloats));
}
#endif

void quantize_rows(const float* x, Range rows, Norm norm, const Int8Rows& out) {
  const int64_t units = out.columns / kUnit;
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* in = x + row * out.columns;
    const Vec scale = all(norm.weight ? norm_scale(in, out.columns, norm.epsilon) : 1.0F);
    const auto value = [&](int64_t at) RIGPILOT_INLINED { return norm.weight ? load(in + at) * scale * load(norm.weight + at) : load(in + at); };
    int64_t unit = 0;
#if defined(__AVX2__)
    for (; unit + 4 <= units; unit += 4) quantize_four([&](int i) RIGPILOT_INLINED { return value(unit * kUnit + i * kWidth); }, row * units + unit, out);
#endif
    for (; unit < units; ++unit) quantize_unit(value(unit * kUnit), value(unit * kUnit + kWidth), row * units + unit, out);
  }
}

}  // namespace
}  // namespace engine::cpu

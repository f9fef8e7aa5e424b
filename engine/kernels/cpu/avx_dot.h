// avx_dot.h: the dot product of bytes in two 256-bit halves, for AVX2 and for AVX-VNNI, which has it as one instruction.
// A Dot of packed_simd.h. Pure.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/packed_simd.h"

namespace engine::cpu {
namespace {

struct AvxDot {
  struct Ints {
    __m256i half[2];
  };
  using Codes = Ints;
  static constexpr int kTile = 4;
#ifdef __AVXVNNI__
  static constexpr bool kSigned8 = false;
#else
  static constexpr bool kSigned8 = true;  // pairs of unsigned 8-bit codes would overflow 16 bits
#endif

  static Ints zero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static Ints all(int32_t v) { return {_mm256_set1_epi32(v), _mm256_set1_epi32(v)}; }
  static Ints shift(Ints v, int by) {
    const __m128i count = _mm_cvtsi32_si128(by);
    return {_mm256_sll_epi32(v.half[0], count), _mm256_sll_epi32(v.half[1], count)};
  }
  RIGPILOT_INLINE static Vec floats(Ints v) {
    const __m256 parts[2] = {_mm256_cvtepi32_ps(v.half[0]), _mm256_cvtepi32_ps(v.half[1])};
    Vec out;
    __builtin_memcpy(&out, parts, sizeof out);
    return out;
  }
  static Codes load(const uint8_t* p) {
    return {_mm256_load_si256(reinterpret_cast<const __m256i*>(p)), _mm256_load_si256(reinterpret_cast<const __m256i*>(p) + 1)};
  }
  static Codes low(Codes v) {
    const __m256i fifteen = _mm256_set1_epi8(15);
    return {_mm256_and_si256(v.half[0], fifteen), _mm256_and_si256(v.half[1], fifteen)};
  }
  static Codes high(Codes v) { return low({_mm256_srli_epi16(v.half[0], 4), _mm256_srli_epi16(v.half[1], 4)}); }

  template <int Bits>
  static __m256i dot_half(__m256i sum, __m256i codes, __m256i x) {
#ifdef __AVXVNNI__
    return _mm256_dpbusd_avx_epi32(sum, codes, x);
#else
    if constexpr (Bits == 8) {
      const __m256i plain = _mm256_xor_si256(codes, _mm256_set1_epi8(char(0x80)));
      x = _mm256_sign_epi8(x, plain);
      codes = _mm256_abs_epi8(plain);
    }
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1)));
#endif
  }
  template <int Bits>
  static Ints dot(Ints sum, Codes codes, const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, 4);
    const __m256i everywhere = _mm256_set1_epi32(four);
    return {dot_half<Bits>(sum.half[0], codes.half[0], everywhere), dot_half<Bits>(sum.half[1], codes.half[1], everywhere)};
  }
};

}  // namespace
}  // namespace engine::cpu

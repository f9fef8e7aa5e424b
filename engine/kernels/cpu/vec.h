// vec.h: sixteen floats as GCC and clang spell vectors, with what their operators lack: exp, reductions, IEEE halves.
// Compiled once for each instruction set (a 64-byte vector is one register of AVX-512, two of AVX2, four of SSE2), in an
// anonymous namespace. Pure.
#pragma once

#include <stdint.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace engine::cpu {
namespace {

typedef float Vec __attribute__((vector_size(64)));
typedef int32_t IntVec __attribute__((vector_size(64)));
typedef uint32_t BitVec __attribute__((vector_size(64)));  // for sums that may pass over the sign
typedef int8_t ByteVec __attribute__((vector_size(16)));
constexpr int kWidth = 16;
constexpr float kMinusInfinity = -__builtin_inff();

#define RIGPILOT_INLINE inline __attribute__((always_inline))

RIGPILOT_INLINE Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
RIGPILOT_INLINE void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }
RIGPILOT_INLINE Vec all(float v) { return Vec{v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v}; }
RIGPILOT_INLINE Vec larger(Vec a, Vec b) { return a > b ? a : b; }
RIGPILOT_INLINE Vec size(Vec v) { return Vec(IntVec(v) & 0x7FFFFFFF); }

#ifdef __AVX512F__
RIGPILOT_INLINE float sum(Vec v) { return _mm512_reduce_add_ps(__m512(v)); }
RIGPILOT_INLINE float largest(Vec v) { return _mm512_reduce_max_ps(__m512(v)); }
RIGPILOT_INLINE int32_t largest(IntVec v) { return _mm512_reduce_max_epi32(__m512i(v)); }
#else
RIGPILOT_INLINE float sum(Vec v) {
  float parts[kWidth];
  store(parts, v);
  for (int half = kWidth / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) parts[i] += parts[i + half];
  return parts[0];
}
RIGPILOT_INLINE float largest(Vec v) {
  float parts[kWidth];
  store(parts, v);
  for (int half = kWidth / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) parts[i] = parts[i] > parts[i + half] ? parts[i] : parts[i + half];
  return parts[0];
}
RIGPILOT_INLINE int32_t largest(IntVec v) {
  int32_t most = v[0];
  for (int i = 1; i < kWidth; ++i) most = v[i] > most ? v[i] : most;
  return most;
}
#endif

RIGPILOT_INLINE int32_t sum(ByteVec v) {
#ifdef __SSE2__
  const __m128i sums = _mm_sad_epu8(_mm_xor_si128(__m128i(v), _mm_set1_epi8(char(0x80))), _mm_setzero_si128());  // of v + 128, eight and eight
  return _mm_cvtsi128_si32(sums) + _mm_extract_epi16(sums, 4) - 16 * 128;
#else
  int32_t total = 0;
  for (int i = 0; i < kWidth; ++i) total += v[i];
  return total;
#endif
}

// Within 2 units in the last place for what is representable; 0 below, NaN for NaN. Cody and Waite's reduction, then the series.
RIGPILOT_INLINE Vec exp(Vec x) {
  const IntVec tiny = x < all(-87.0F);
  x = x > all(88.0F) ? all(88.0F) : x;
  const Vec magic = all(12582912.0F);  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x * all(1.44269504F) + magic, n = shifted - magic;
  const Vec r = x - n * all(0.693359375F) + n * all(2.12194440e-4F);
  Vec p = all(1.0F / 5040) * r + all(1.0F / 720);
  p = p * r + all(1.0F / 120);
  p = p * r + all(1.0F / 24);
  p = p * r + all(1.0F / 6);
  p = p * r + all(0.5F);
  p = p * r * r + r + all(1.0F);
  const Vec scaled = Vec(BitVec(p) + ((BitVec(shifted) - 0x4B400000U) << 23));
  return tiny ? all(0.0F) : (x == x ? scaled : x);
}

// Sixteen halves. Portable: by the definition, one at a time.
#if defined(__AVX512F__)
RIGPILOT_INLINE Vec halves(const uint16_t* p) { return Vec(_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))); }
RIGPILOT_INLINE void store_halves(uint16_t* p, Vec v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(__m512(v), _MM_FROUND_TO_NEAREST_INT)); }
#elif defined(__F16C__)
RIGPILOT_INLINE Vec halves(const uint16_t* p) {
  Vec v;
  for (int i = 0; i < 2; ++i) {
    const __m256 part = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8 * i)));
    __builtin_memcpy(reinterpret_cast<char*>(&v) + 32 * i, &part, sizeof part);
  }
  return v;
}
RIGPILOT_INLINE void store_halves(uint16_t* p, Vec v) {
  for (int i = 0; i < 2; ++i) {
    __m256 part;
    __builtin_memcpy(&part, reinterpret_cast<const char*>(&v) + 32 * i, sizeof part);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8 * i), _mm256_cvtps_ph(part, _MM_FROUND_TO_NEAREST_INT));
  }
}
#else
RIGPILOT_INLINE float half(uint16_t bits) {
  // The exponent is moved by a multiplication, which also normalises subnormals; infinity and NaN keep theirs.
  const uint32_t magnitude = uint32_t(bits & 0x7FFF) << 13, sign = uint32_t(bits & 0x8000) << 16;
  float value;
  __builtin_memcpy(&value, &magnitude, 4);
  value *= 0x1p112F;
  uint32_t out;
  __builtin_memcpy(&out, &value, 4);
  out = ((bits & 0x7C00) == 0x7C00 ? (magnitude | 0x7F800000) : out) | sign;
  __builtin_memcpy(&value, &out, 4);
  return value;
}
RIGPILOT_INLINE uint16_t half_of(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  const auto sign = uint16_t(bits >> 16 & 0x8000);
  bits &= 0x7FFFFFFF;
  if (bits > 0x7F800000) return uint16_t(sign | 0x7E00);
  if (bits >= 0x477FF000) return uint16_t(sign | 0x7C00);  // rounds to beyond 65504
  if (bits < 0x38800000) {                                 // subnormal: a multiple of 2^-24, rounded by adding 2^-1
    float small, half_ulp = 0.5F;
    __builtin_memcpy(&small, &bits, 4);
    small += half_ulp;
    uint32_t sum, base;
    __builtin_memcpy(&sum, &small, 4);
    __builtin_memcpy(&base, &half_ulp, 4);
    return uint16_t(sign | (sum - base));
  }
  bits += 0xFFF + (bits >> 13 & 1);
  return uint16_t(sign | ((bits - 0x38000000) >> 13));
}
RIGPILOT_INLINE Vec halves(const uint16_t* p) {
  Vec v;
  for (int i = 0; i < kWidth; ++i) v[i] = half(p[i]);
  return v;
}
RIGPILOT_INLINE void store_halves(uint16_t* p, Vec v) {
  for (int i = 0; i < kWidth; ++i) p[i] = half_of(v[i]);
}
#endif

}  // namespace
}  // namespace engine::cpu

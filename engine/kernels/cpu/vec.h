// vec.h: sixteen floats or integers as one value, with what compilers' own vectors lack: exp, reductions, IEEE halves.
// Compiled once for each instruction set, in an anonymous namespace: one register of AVX-512, two of AVX2, four of SSE2 or NEON. Compilers
// take a vector that is wider than a register apart lane by lane and through memory, so that those are put together here (Two). Pure.
#pragma once

#include <stdint.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace engine::cpu {
namespace {

#define RIGPILOT_INLINE inline __attribute__((always_inline))
#define RIGPILOT_INLINED __attribute__((always_inline))  // of a lambda

#if defined(__AVX512F__)
constexpr int kRegister = 64;
#elif defined(__AVX2__)
constexpr int kRegister = 32;
#else
constexpr int kRegister = 16;
#endif
typedef float FloatPart __attribute__((vector_size(kRegister)));
typedef int32_t IntPart __attribute__((vector_size(kRegister)));
typedef uint32_t BitPart __attribute__((vector_size(kRegister)));
constexpr int kPart = kRegister / 4;  // lanes of a register

// body(0), ... body(N - 1), each index a constant: compilers keep an array of vectors that only constants index in registers, where after
// a loop, though unrolled, it often lies in memory.
template <int Value>
struct Known {
  static constexpr int value = Value;
  RIGPILOT_INLINE constexpr operator int() const { return Value; }
};
template <int N, class Body>
RIGPILOT_INLINE void each(const Body& body) {
  if constexpr (N > 0) {
    each<N - 1>(body);
    body(Known<N - 1>{});
  }
}

template <class Half>
struct Two;
template <class Half>
RIGPILOT_INLINE Two<Half> two(Half low, Half high) { return Two<Half>(low, high); }

// As a compiler's own vector: operators lane by lane, comparisons give 0 or -1, a conversion takes the bits as they are.
template <class Half>
struct Two {
  Half low, high;

  RIGPILOT_INLINE Two() : low{}, high{} {}
  RIGPILOT_INLINE Two(Half l, Half h) : low(l), high(h) {}
  template <class Other>
  RIGPILOT_INLINE explicit Two(Two<Other> other) : low(Half(other.low)), high(Half(other.high)) {}

  friend RIGPILOT_INLINE Two operator-(Two a) { return {-a.low, -a.high}; }
  friend RIGPILOT_INLINE Two operator+(Two a, Two b) { return {a.low + b.low, a.high + b.high}; }
  friend RIGPILOT_INLINE Two operator-(Two a, Two b) { return {a.low - b.low, a.high - b.high}; }
  friend RIGPILOT_INLINE Two operator*(Two a, Two b) { return {a.low * b.low, a.high * b.high}; }
  friend RIGPILOT_INLINE Two operator/(Two a, Two b) { return {a.low / b.low, a.high / b.high}; }
  friend RIGPILOT_INLINE Two operator&(Two a, Two b) { return {a.low & b.low, a.high & b.high}; }
  friend RIGPILOT_INLINE Two operator|(Two a, Two b) { return {a.low | b.low, a.high | b.high}; }
  friend RIGPILOT_INLINE Two operator<<(Two a, int by) { return {a.low << by, a.high << by}; }
  friend RIGPILOT_INLINE Two& operator+=(Two& a, Two b) { return a = a + b; }
  friend RIGPILOT_INLINE auto operator<(Two a, Two b) { return two(a.low < b.low, a.high < b.high); }
  friend RIGPILOT_INLINE auto operator>(Two a, Two b) { return two(a.low > b.low, a.high > b.high); }
  friend RIGPILOT_INLINE auto operator==(Two a, Two b) { return two(a.low == b.low, a.high == b.high); }
};

template <class Part, int Bytes>
struct Wide {
  using Type = Two<typename Wide<Part, Bytes / 2>::Type>;
};
template <class Part>
struct Wide<Part, kRegister> {
  using Type = Part;
};
using Vec = Wide<FloatPart, 64>::Type;
using IntVec = Wide<IntPart, 64>::Type;
using BitVec = Wide<BitPart, 64>::Type;                    // for sums that may pass over the sign
typedef int8_t ByteVec __attribute__((vector_size(16)));
constexpr int kWidth = 16;
constexpr float kMinusInfinity = -__builtin_inff();

// Part by part, from the lowest lanes on: of what `part(index)` gives, of what a function makes of each, and each to `take(index, part)`.
template <class V, class Part>
RIGPILOT_INLINE V from_parts(Part part, int first = 0) {
  if constexpr (sizeof(V) == kRegister) {
    return part(first);
  } else {
    using Half = decltype(V::low);
    return V(from_parts<Half>(part, first), from_parts<Half>(part, first + int(sizeof(Half)) / kRegister));
  }
}
template <class To, class From, class Function>
RIGPILOT_INLINE To mapped(From v, Function function) {
  if constexpr (sizeof(From) == kRegister) return function(v);
  else return To(mapped<decltype(To::low)>(v.low, function), mapped<decltype(To::low)>(v.high, function));
}
template <class V, class Take>
RIGPILOT_INLINE void each_part(V v, Take take, int first = 0) {
  if constexpr (sizeof(V) == kRegister) {
    take(first, v);
  } else {
    each_part(v.low, take, first);
    each_part(v.high, take, first + int(sizeof(v.low)) / kRegister);
  }
}

template <class Part, class Lane>
RIGPILOT_INLINE Part part_of(Lane v) {
  if constexpr (kPart == 4) return Part{v, v, v, v};
  else if constexpr (kPart == 8) return Part{v, v, v, v, v, v, v, v};
  else return Part{v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v};
}
RIGPILOT_INLINE Vec all(float v) {
  return from_parts<Vec>([v](int) { return part_of<FloatPart>(v); });
}
RIGPILOT_INLINE IntVec all_ints(int32_t v) {
  return from_parts<IntVec>([v](int) { return part_of<IntPart>(v); });
}
RIGPILOT_INLINE BitVec all_bits(uint32_t v) {
  return from_parts<BitVec>([v](int) { return part_of<BitPart>(v); });
}
RIGPILOT_INLINE Vec load(const float* p) {
  return from_parts<Vec>([p](int i) {
    FloatPart part;
    __builtin_memcpy(&part, p + i * kPart, sizeof part);
    return part;
  });
}
RIGPILOT_INLINE void store(float* p, Vec v) {
  each_part(v, [p](int i, FloatPart part) { __builtin_memcpy(p + i * kPart, &part, sizeof part); });
}

// a where the mask is set, b elsewhere.
template <class Mask, class V>
RIGPILOT_INLINE V where(Mask mask, V a, V b) {
  if constexpr (sizeof(V) == kRegister) return mask ? a : b;
  else return V(where(mask.low, a.low, b.low), where(mask.high, a.high, b.high));
}
// a > b ? a : b, lane by lane.
#if defined(__AVX512F__)
RIGPILOT_INLINE Vec larger(Vec a, Vec b) { return Vec(_mm512_max_ps(__m512(a), __m512(b))); }
RIGPILOT_INLINE IntVec larger(IntVec a, IntVec b) { return IntVec(_mm512_max_epi32(__m512i(a), __m512i(b))); }
#elif defined(__AVX2__)
RIGPILOT_INLINE Vec larger(Vec a, Vec b) { return {FloatPart(_mm256_max_ps(__m256(a.low), __m256(b.low))), FloatPart(_mm256_max_ps(__m256(a.high), __m256(b.high)))}; }
RIGPILOT_INLINE IntVec larger(IntVec a, IntVec b) {
  return {IntPart(_mm256_max_epi32(__m256i(a.low), __m256i(b.low))), IntPart(_mm256_max_epi32(__m256i(a.high), __m256i(b.high)))};
}
#else
template <class V>
RIGPILOT_INLINE V larger(V a, V b) { return where(a > b, a, b); }
#endif
RIGPILOT_INLINE Vec size(Vec v) { return Vec(IntVec(v) & all_ints(0x7FFFFFFF)); }
template <class V>
RIGPILOT_INLINE float first_of(V v) {
  if constexpr (sizeof(V) == kRegister) return v[0];
  else return first_of(v.low);
}

// ---- reductions: halves are put together until one lane is left ---------------------------------------------------------------

#if defined(__AVX512F__)
RIGPILOT_INLINE float sum(Vec v) { return _mm512_reduce_add_ps(__m512(v)); }
RIGPILOT_INLINE float largest(Vec v) { return _mm512_reduce_max_ps(__m512(v)); }
RIGPILOT_INLINE int32_t largest(IntVec v) { return _mm512_reduce_max_epi32(__m512i(v)); }
#else
template <class V, class Combine>
RIGPILOT_INLINE auto reduced(V v, Combine combine) {
  if constexpr (sizeof(V) > kRegister) {
    return reduced(combine(v.low, v.high), combine);
  } else if constexpr (sizeof(V) == 32) {
    return reduced(combine(__builtin_shufflevector(v, v, 0, 1, 2, 3), __builtin_shufflevector(v, v, 4, 5, 6, 7)), combine);
  } else {
    const auto pair = combine(v, __builtin_shufflevector(v, v, 2, 3, 2, 3));
    return combine(pair, __builtin_shufflevector(pair, pair, 1, 1, 3, 3))[0];
  }
}
struct Sum {
  template <class V>
  RIGPILOT_INLINE V operator()(V a, V b) const { return a + b; }
};
struct Larger {
  template <class V>
  RIGPILOT_INLINE V operator()(V a, V b) const {
    if constexpr (sizeof(V) <= kRegister) return a > b ? a : b;
    else return larger(a, b);
  }
};
RIGPILOT_INLINE float sum(Vec v) { return reduced(v, Sum{}); }
RIGPILOT_INLINE float largest(Vec v) { return reduced(v, Larger{}); }
RIGPILOT_INLINE int32_t largest(IntVec v) { return reduced(v, Larger{}); }
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

// ---- conversions -------------------------------------------------------------------------------------------------------------

RIGPILOT_INLINE Vec floats(IntVec v) {
  return mapped<Vec>(v, [](IntPart part) { return __builtin_convertvector(part, FloatPart); });
}

// Sixteen 16-bit numbers without a sign.
RIGPILOT_INLINE BitVec widened(const uint16_t* p) {
  typedef uint16_t Shorts __attribute__((vector_size(kRegister / 2)));
  return from_parts<BitVec>([p](int i) {
    Shorts shorts;
    __builtin_memcpy(&shorts, p + i * kPart, sizeof shorts);
    return __builtin_convertvector(shorts, BitPart);
  });
}

// The lowest byte of each.
RIGPILOT_INLINE ByteVec low_bytes(IntVec v) {
#if defined(__AVX512F__)
  return __builtin_convertvector(v, ByteVec);
#elif defined(__AVX2__)
  const IntVec bytes = v & all_ints(255);
  const __m256i shorts = _mm256_permute4x64_epi64(_mm256_packs_epi32(__m256i(bytes.low), __m256i(bytes.high)), 0xD8);
  return ByteVec(_mm_packus_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256(shorts, 1)));
#elif defined(__SSE2__)
  const IntVec bytes = v & all_ints(255);
  return ByteVec(_mm_packus_epi16(_mm_packs_epi32(__m128i(bytes.low.low), __m128i(bytes.low.high)), _mm_packs_epi32(__m128i(bytes.high.low), __m128i(bytes.high.high))));
#else
  ByteVec out;
  each_part(v, [&out](int i, IntPart part) {
    for (int k = 0; k < kPart; ++k) out[i * kPart + k] = int8_t(part[k]);
  });
  return out;
#endif
}

#if defined(__AVX2__)
// To the nearest integer, of two equally near to the even one; the least one for what is no number or too large.
RIGPILOT_INLINE IntVec rounded(Vec v) {
#if defined(__AVX512F__)
  return IntVec(_mm512_cvtps_epi32(__m512(v)));
#else
  return mapped<IntVec>(v, [](FloatPart part) { return IntPart(_mm256_cvtps_epi32(__m256(part))); });
#endif
}

RIGPILOT_INLINE bool any_negative(IntVec v) {
#if defined(__AVX512F__)
  return _mm512_movepi32_mask(__m512i(v)) != 0;
#else
  return _mm256_movemask_ps(__m256(v.low | v.high)) != 0;
#endif
}

// Integers of 16 bits.
RIGPILOT_INLINE void store_shorts(int16_t* p, IntVec v) {
#if defined(__AVX512F__)
  const __m256i shorts = _mm512_cvtepi32_epi16(__m512i(v));
#else
  const __m256i shorts = _mm256_permute4x64_epi64(_mm256_packs_epi32(__m256i(v.low), __m256i(v.high)), 0xD8);
#endif
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), shorts);
}
#endif

// Within 2 units in the last place for what is representable; 0 below, NaN for NaN. Cody and Waite's reduction, then the series.
RIGPILOT_INLINE Vec exp(Vec x) {
  const IntVec tiny = x < all(-87.0F);
  x = where(x > all(88.0F), all(88.0F), x);
  const Vec magic = all(12582912.0F);  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x * all(1.44269504F) + magic, n = shifted - magic;
  const Vec r = x - n * all(0.693359375F) + n * all(2.12194440e-4F);
  Vec p = all(1.0F / 5040) * r + all(1.0F / 720);
  p = p * r + all(1.0F / 120);
  p = p * r + all(1.0F / 24);
  p = p * r + all(1.0F / 6);
  p = p * r + all(0.5F);
  p = p * r * r + r + all(1.0F);
  const Vec scaled = Vec(BitVec(p) + ((BitVec(shifted) - all_bits(0x4B400000U)) << 23));
  return where(tiny, all(0.0F), where(x == x, scaled, x));
}

// Sixteen halves. Portable: by the definition, one at a time.
#if defined(__AVX512F__)
RIGPILOT_INLINE Vec halves(const uint16_t* p) { return Vec(_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))); }
RIGPILOT_INLINE void store_halves(uint16_t* p, Vec v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(__m512(v), _MM_FROUND_TO_NEAREST_INT)); }
#elif defined(__F16C__)
RIGPILOT_INLINE Vec halves(const uint16_t* p) {
  return from_parts<Vec>([p](int i) { return FloatPart(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8 * i)))); });
}
RIGPILOT_INLINE void store_halves(uint16_t* p, Vec v) {
  each_part(v, [p](int i, FloatPart part) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8 * i), _mm256_cvtps_ph(__m256(part), _MM_FROUND_TO_NEAREST_INT)); });
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
  float lanes[kWidth];
  for (int i = 0; i < kWidth; ++i) lanes[i] = half(p[i]);
  return load(lanes);
}
RIGPILOT_INLINE void store_halves(uint16_t* p, Vec v) {
  float lanes[kWidth];
  store(lanes, v);
  for (int i = 0; i < kWidth; ++i) p[i] = half_of(lanes[i]);
}
#endif

}  // namespace
}  // namespace engine::cpu

// x86 with AVX2 and FMA (2013 and later). Compiled with -mavx2 -mfma; called only where the processor has both.
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

#include "engine/kernels/cpu/grouped_simd.h"

namespace engine::cpu {
namespace {

struct Avx2 {
  using Floats = __m256;
  static constexpr int kWidth = 8;

  static Floats load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Floats v) { _mm256_storeu_ps(p, v); }
  static Floats set(float v) { return _mm256_set1_ps(v); }
  static Floats zero() { return _mm256_setzero_ps(); }
  static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  static float sum(Floats v) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
  }

  static Floats floats(__m128i low_eight) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(low_eight)); }
  // Integers as floats without a conversion: the bits under `mask`, set into the mantissa of a power of two, add themselves
  // to it exactly: the low half of a byte to 2^23, whose last bit is worth 1, the high half to 2^19, whose last bit is worth 1/16.
  static Floats from_bits(__m256i pairs, int mask, int power, float subtract) {
    const __m256i bits = _mm256_or_si256(_mm256_and_si256(pairs, _mm256_set1_epi32(mask)), _mm256_set1_epi32(power));
    return _mm256_sub_ps(_mm256_castsi256_ps(bits), _mm256_set1_ps(subtract));
  }
  template <int Bits>
  static void codes(const uint8_t* in, int zero, Floats* out) {
    if constexpr (Bits == 8) {
      for (int k = 0; k < 4; ++k) out[k] = floats(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(in + 8 * k)));
    } else {
      for (int half = 0; half < 2; ++half) {
        const __m256i pairs = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(in + 8 * half)));
        out[half] = from_bits(pairs, 0x0F, 0x4B000000, 8388608.0F + float(zero));
        out[half + 2] = from_bits(pairs, 0xF0, 0x49000000, 524288.0F + float(zero));
      }
    }
  }
};

}  // namespace

void matmul_avx2(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y) { matmul_any<Avx2>(w, rows, x, count, y); }
void expand_avx2(const GroupedView& w, Rows rows, float* out) { expand_any<Avx2>(w, rows, out); }

}  // namespace engine::cpu
#endif

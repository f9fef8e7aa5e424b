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
  template <int Bits>
  static void codes(const uint8_t* in, int zero, Floats* out) {
    if constexpr (Bits == 8) {
      for (int k = 0; k < 4; ++k) out[k] = floats(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(in + 8 * k)));
    } else {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in)), fifteen = _mm_set1_epi8(15), none = _mm_set1_epi8(char(zero));
      const __m128i low = _mm_sub_epi8(_mm_and_si128(bytes, fifteen), none);
      const __m128i high = _mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), fifteen), none);
      out[0] = floats(low);
      out[1] = floats(_mm_unpackhi_epi64(low, low));
      out[2] = floats(high);
      out[3] = floats(_mm_unpackhi_epi64(high, high));
    }
  }
};

}  // namespace

void matmul_avx2(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y) { matmul_any<Avx2>(w, rows, x, count, y); }
void expand_avx2(const GroupedView& w, Rows rows, float* out) { expand_any<Avx2>(w, rows, out); }

}  // namespace engine::cpu
#endif

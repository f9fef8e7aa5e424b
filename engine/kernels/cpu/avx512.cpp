// x86 with AVX-512 F, BW, VL and DQ (Skylake-SP, Zen 4 and later). Compiled with those; called only where the processor has them.
#if defined(__AVX512F__) && defined(__AVX512BW__)
#include <immintrin.h>

#include "engine/kernels/cpu/grouped_simd.h"

namespace engine::cpu {
namespace {

struct Avx512 {
  using Floats = __m512;
  static constexpr int kWidth = 16;

  static Floats load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Floats v) { _mm512_storeu_ps(p, v); }
  static Floats set(float v) { return _mm512_set1_ps(v); }
  static Floats zero() { return _mm512_setzero_ps(); }
  static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  static float sum(Floats v) { return _mm512_reduce_add_ps(v); }

  static Floats floats(__m128i sixteen) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(sixteen)); }
  static __m128i bytes(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
  template <int Bits>
  static void codes(const uint8_t* in, int zero, Floats* out) {
    if constexpr (Bits == 8) {
      out[0] = floats(bytes(in));
      out[1] = floats(bytes(in + 16));
    } else {
      const __m128i both = bytes(in), fifteen = _mm_set1_epi8(15), none = _mm_set1_epi8(char(zero));
      out[0] = floats(_mm_sub_epi8(_mm_and_si128(both, fifteen), none));
      out[1] = floats(_mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(both, 4), fifteen), none));
    }
  }
};

}  // namespace

void matmul_avx512(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y) { matmul_any<Avx512>(w, rows, x, count, y); }
void expand_avx512(const GroupedView& w, Rows rows, float* out) { expand_any<Avx512>(w, rows, out); }

}  // namespace engine::cpu
#endif

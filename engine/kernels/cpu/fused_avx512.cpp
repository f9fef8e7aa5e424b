// x86 with AVX-512 F, BW, VL, DQ and VNNI (Ice Lake, Zen 4 and later). Compiled with those; called only where the processor has them.
#if defined(__AVX512VNNI__)
#include <immintrin.h>

#include "engine/kernels/cpu/attend_int16.h"
#include "engine/kernels/cpu/fused_rows.h"
#include "engine/kernels/cpu/many_inputs.h"
#include "engine/kernels/cpu/pack_rows.h"
#include "engine/kernels/cpu/packed_simd.h"
#include "engine/kernels/cpu/quantize_rows.h"

namespace engine::cpu {
namespace {

struct Avx512Dot {
  using Ints = __m512i;
  using Codes = __m512i;
  static constexpr int kTile = 8;

  static Ints zero() { return _mm512_setzero_si512(); }
  static Ints all(int32_t v) { return _mm512_set1_epi32(v); }
  static Ints shift(Ints v, int by) { return _mm512_sll_epi32(v, _mm_cvtsi32_si128(by)); }
  static Vec floats(Ints v) { return Vec(_mm512_cvtepi32_ps(v)); }
  static Codes load(const uint8_t* p) { return _mm512_load_si512(p); }
  static Codes low(Codes v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
  static Codes high(Codes v) { return low(_mm512_srli_epi16(v, 4)); }
  static Ints dot(Ints sum, Codes codes, const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, 4);
    return _mm512_dpbusd_epi32(sum, codes, _mm512_set1_epi32(four));
  }
};

}  // namespace

const Fused kFusedAvx512 = {quantize_rows, matmul_any<Avx512Dot>, rope_heads, keep_position, attend_any, silu_mul_all, interleave_rows, round_row_any, argmax_of, log_sum_exp_of, matmul_many_inputs};

}  // namespace engine::cpu
#endif

// x86 with AVX-VNNI besides AVX2 (Alder Lake, Zen 5 and later). Compiled with both; called only where the processor has them.
#if defined(__AVXVNNI__)
#include "engine/kernels/cpu/attend_int16.h"
#include "engine/kernels/cpu/fused_rows.h"
#include "engine/kernels/cpu/pack_rows.h"
#include "engine/kernels/cpu/packed_avx.h"
#include "engine/kernels/cpu/quantize_rows.h"

namespace engine::cpu {

const Fused kFusedAvxVnni = {quantize_rows, matmul_avx, rope_heads, keep_position, attend_any, silu_mul_all, interleave_rows, round_row_any, argmax_of, log_sum_exp_of, nullptr};

}  // namespace engine::cpu
#endif

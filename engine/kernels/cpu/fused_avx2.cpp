// x86 with AVX2, FMA and F16C (2013 and later). Compiled with those; called only where the processor has them.
#if defined(__AVX2__)
#include "engine/kernels/cpu/attend_int16.h"
#include "engine/kernels/cpu/fused_rows.h"
#include "engine/kernels/cpu/pack_rows.h"
#include "engine/kernels/cpu/packed_avx.h"
#include "engine/kernels/cpu/quantize_rows.h"

namespace engine::cpu {

const Fused kFusedAvx2 = {quantize_rows, matmul_avx, rope_heads, keep_position, attend_any, silu_mul_all, interleave_rows, round_row_any, argmax_of, log_sum_exp_of, nullptr};

}  // namespace engine::cpu
#endif

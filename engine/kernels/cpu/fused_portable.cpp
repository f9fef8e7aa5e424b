// Any processor: plain loops that a compiler can vectorise.
#include "engine/kernels/cpu/fused_rows.h"
#include "engine/kernels/cpu/pack_rows.h"
#include "engine/kernels/cpu/packed_simd.h"
#include "engine/kernels/cpu/quantize_rows.h"

namespace engine::cpu {
namespace {

struct PlainDot {
  typedef uint8_t Codes __attribute__((vector_size(64)));
  struct Ints {
    int32_t lanes[kPanel];
  };
  static constexpr int kTile = 2;  // more would not stay in registers either

  static Ints zero() { return Ints{}; }
  static Ints all(int32_t v) {
    Ints out;
    for (int32_t& lane : out.lanes) lane = v;
    return out;
  }
  static Ints shift(Ints v, int by) {
    for (int32_t& lane : v.lanes) lane = int32_t(uint32_t(lane) << by);
    return v;
  }
  static Vec floats(const Ints& v) {
    float lanes[kPanel];
    for (int r = 0; r < kPanel; ++r) lanes[r] = float(v.lanes[r]);
    return engine::cpu::load(lanes);
  }
  static Codes load(const uint8_t* p) {
    Codes v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static Codes low(Codes v) { return v & 15; }
  static Codes high(Codes v) { return v >> 4; }
  static Ints dot(Ints sum, const Codes& codes, const int8_t* x) {
    for (int r = 0; r < kPanel; ++r)
      sum.lanes[r] += codes[4 * r] * x[0] + codes[4 * r + 1] * x[1] + codes[4 * r + 2] * x[2] + codes[4 * r + 3] * x[3];
    return sum;
  }
};

}  // namespace

const Fused kFusedPortable = {quantize_rows, matmul_any<PlainDot>, rope_heads, keep_position, attend_tile, silu_mul_all, interleave_rows, round_row_any, argmax_of, log_sum_exp_of, nullptr};

}  // namespace engine::cpu

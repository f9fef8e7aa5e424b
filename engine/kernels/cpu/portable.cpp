// Any processor: vectors of four floats as GCC and clang spell them (SSE2, NEON, or plain code where there is neither).
#include "engine/kernels/cpu/grouped_simd.h"

namespace engine::cpu {
namespace {

struct Portable {
  typedef float Floats __attribute__((vector_size(16)));
  typedef int8_t Codes __attribute__((vector_size(4)));
  static constexpr int kWidth = 4;

  static Floats load(const float* p) {
    Floats v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static void store(float* p, Floats v) { __builtin_memcpy(p, &v, sizeof v); }
  static Floats set(float v) { return Floats{v, v, v, v}; }
  static Floats zero() { return Floats{}; }
  static Floats add(Floats a, Floats b) { return a + b; }
  static Floats mul(Floats a, Floats b) { return a * b; }
  static Floats fma(Floats a, Floats b, Floats c) { return a * b + c; }
  static float sum(Floats v) { return (v[0] + v[1]) + (v[2] + v[3]); }

  static Floats floats(const int8_t* p) {
    Codes v;
    __builtin_memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, Floats);
  }
  template <int Bits>
  static void codes(const uint8_t* in, int zero, Floats* out) {
    int8_t plain[kUnit];
    if constexpr (Bits == 8) {
      __builtin_memcpy(plain, in, kUnit);
    } else {
      for (int i = 0; i < kUnit / 2; ++i) {
        plain[i] = int8_t((in[i] & 15) - zero);
        plain[i + 16] = int8_t((in[i] >> 4) - zero);
      }
    }
    for (int k = 0; k < kUnit / kWidth; ++k) out[k] = floats(plain + k * kWidth);
  }
};

}  // namespace

void matmul_portable(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y) { matmul_any<Portable>(w, rows, x, count, y); }
void expand_portable(const GroupedView& w, Rows rows, float* out) { expand_any<Portable>(w, rows, out); }

}  // namespace engine::cpu

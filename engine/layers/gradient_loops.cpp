#include "engine/layers/gradient_loops.h"

#include <algorithm>
#include <bit>
#include <cmath>

// One machine code a processor, chosen by the dynamic linker.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RIGPILOT_CLONES __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define RIGPILOT_CLONES
#endif
#define RIGPILOT_INLINE inline __attribute__((always_inline))

namespace engine {
namespace {

RIGPILOT_INLINE float wide(Bf16 x) { return std::bit_cast<float>(std::uint32_t(x) << 16); }
RIGPILOT_INLINE float wide(float x) { return x; }
RIGPILOT_INLINE void put(Bf16& into, float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  into = Bf16((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);  // to nearest, ties to even
}
RIGPILOT_INLINE void put(float& into, float x) { into = x; }

// 2^(x log2 e): the whole part into the exponent, the rest by a polynomial; within 3e-7 of exp(x) near 0.
RIGPILOT_INLINE float exp_of(float x) {
  const float scaled = std::max(x, -87.0F) * 1.44269504F;
  const float whole = std::nearbyint(scaled), rest = scaled - whole;
  float power = 1.5403530e-4F;
  for (const float c : {1.3333558e-3F, 9.6181291e-3F, 5.5504109e-2F, 2.4022651e-1F, 6.9314718e-1F, 1.0F}) power = power * rest + c;
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(power) + (std::int32_t(whole) << 23));
}

template <class Out>
RIGPILOT_INLINE void rms_forward_rows(const RmsRows& of, std::int64_t rows, const float* x, Out* y, float* inverse) {
  const std::int64_t columns = of.columns;
  for (std::int64_t r = 0; r < rows; ++r, x += columns, y += columns) {
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (std::int64_t c = 0; c < columns; ++c) squares += x[c] * x[c];
    const float scale = float(1 / std::sqrt(double(squares) / double(columns) + of.epsilon));
    inverse[r] = scale;
#pragma omp simd
    for (std::int64_t c = 0; c < columns; ++c) put(y[c], x[c] * scale * of.weight[c]);
  }
}

template <class In>
RIGPILOT_INLINE void rms_backward_rows(const RmsRows& of, std::int64_t rows, const float* x, const float* inverse, const In* dy, float* dx, float* dweight) {
  const std::int64_t columns = of.columns;
  for (std::int64_t r = 0; r < rows; ++r, x += columns, dy += columns, dx += columns) {
    const float scale = inverse[r];
    float along = 0;
#pragma omp simd reduction(+ : along)
    for (std::int64_t c = 0; c < columns; ++c) along += wide(dy[c]) * of.weight[c] * x[c];
    along *= scale * scale * scale / float(columns);
#pragma omp simd
    for (std::int64_t c = 0; c < columns; ++c) {
      const float d = wide(dy[c]);
      dx[c] = d * of.weight[c] * scale - x[c] * along;
      dweight[c] += d * x[c] * scale;
    }
  }
}

}  // namespace

RIGPILOT_CLONES void rms_forward(const RmsRows& of, std::int64_t rows, const float* x, Bf16* y, float* inverse) { rms_forward_rows(of, rows, x, y, inverse); }
RIGPILOT_CLONES void rms_forward(const RmsRows& of, std::int64_t rows, const float* x, float* y, float* inverse) { rms_forward_rows(of, rows, x, y, inverse); }
RIGPILOT_CLONES void rms_backward(const RmsRows& of, std::int64_t rows, const float* x, const float* inverse, const Bf16* dy, float* dx, float* dweight) {
  rms_backward_rows(of, rows, x, inverse, dy, dx, dweight);
}
RIGPILOT_CLONES void rms_backward(const RmsRows& of, std::int64_t rows, const float* x, const float* inverse, const float* dy, float* dx, float* dweight) {
  rms_backward_rows(of, rows, x, inverse, dy, dx, dweight);
}

RIGPILOT_CLONES void silu_forward(std::int64_t count, const Bf16* gate, const Bf16* up, Bf16* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = wide(gate[i]);
    put(y[i], g / (1 + exp_of(-g)) * wide(up[i]));
  }
}

RIGPILOT_CLONES void silu_backward(std::int64_t count, const Bf16* gate, const Bf16* up, const Bf16* dy, Bf16* dgate, Bf16* dup) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = wide(gate[i]), d = wide(dy[i]), sigmoid = 1 / (1 + exp_of(-g));
    put(dgate[i], d * wide(up[i]) * sigmoid * (1 + g * (1 - sigmoid)));
    put(dup[i], d * g * sigmoid);
  }
}

RIGPILOT_CLONES double entropy_row(float* logits, std::int64_t columns, std::int64_t target, float weight) {
  if (target < 0) {
    std::fill(logits, logits + columns, 0.0F);
    return 0;
  }
  const float aimed = logits[target];
  float most = logits[0], sum = 0;
#pragma omp simd reduction(max : most)
  for (std::int64_t c = 0; c < columns; ++c) most = std::max(most, logits[c]);
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < columns; ++c) sum += logits[c] = exp_of(logits[c] - most);
  const float scale = weight / sum;
#pragma omp simd
  for (std::int64_t c = 0; c < columns; ++c) logits[c] *= scale;
  logits[target] -= weight;
  return std::log(double(sum)) + double(most) - double(aimed);
}

}  // namespace engine

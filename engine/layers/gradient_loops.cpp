#include "engine/layers/gradient_loops.h"

#include <algorithm>
#include <cmath>

namespace engine {
namespace {

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
  for (std::int64_t c = 0; c < columns; ++c) most = most > logits[c] ? most : logits[c];
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < columns; ++c) sum += logits[c] = exp_of(logits[c] - most);
  const float scale = weight / sum;
#pragma omp simd
  for (std::int64_t c = 0; c < columns; ++c) logits[c] *= scale;
  logits[target] -= weight;
  return std::log(double(sum)) + double(most) - double(aimed);
}

RIGPILOT_CLONES void rotate(const Turn& turn, const Bf16* x, Bf16* y) {
  const std::int64_t half = turn.columns / 2;
  const Bf16 *first = turn.backwards ? turn.signed_sin + half : turn.signed_sin, *second = turn.backwards ? turn.signed_sin : turn.signed_sin + half;
#pragma omp simd
  for (std::int64_t c = 0; c < half; ++c) {
    const float a = wide(x[c]), b = wide(x[c + half]);
    put(y[c], a * wide(turn.cos[c]) + b * wide(first[c]));
    put(y[c + half], b * wide(turn.cos[c + half]) + a * wide(second[c]));
  }
}

}  // namespace engine

// gradient_loops.h: loops of training that pass through memory once where libtorch's operations would many times.
// Called by layers/with_gradients.cpp and train/loss.cpp, which split rows among threads. Pure; compiled for several processors,
// chosen when the program is loaded. Rows are contiguous, C columns.
#pragma once

#include <cstdint>

#include "engine/layers/numbers.h"

namespace engine {

// y = x / rms(x) * weight (Zhang and Sennrich 2019, arXiv 1910.07467); inverse[r] is 1 / rms of row r, for the way back.
struct RmsRows {
  std::int64_t columns = 0;
  double epsilon = 0;
  const float* weight = nullptr;
};
void rms_forward(const RmsRows& of, std::int64_t rows, const float* x, Bf16* y, float* inverse);
void rms_forward(const RmsRows& of, std::int64_t rows, const float* x, float* y, float* inverse);
// dx of these rows; d(weight) is added to.
void rms_backward(const RmsRows& of, std::int64_t rows, const float* x, const float* inverse, const Bf16* dy, float* dx, float* dweight);
void rms_backward(const RmsRows& of, std::int64_t rows, const float* x, const float* inverse, const float* dy, float* dx, float* dweight);

// y = silu(gate) * up (Shazeer 2020, arXiv 2002.05202), and its gradients.
void silu_forward(std::int64_t count, const Bf16* gate, const Bf16* up, Bf16* y);
void silu_backward(std::int64_t count, const Bf16* gate, const Bf16* up, const Bf16* dy, Bf16* dgate, Bf16* dup);

// One head's numbers turned by its position (layers/rope.h), or turned back, as a gradient is.
struct Turn {
  std::int64_t columns = 0;
  const Bf16 *cos = nullptr, *signed_sin = nullptr;
  bool backwards = false;
};
void rotate(const Turn& turn, const Bf16* x, Bf16* y);

// Nats of one row's target; the logits become the gradient of weight * nats. A target below 0 gives 0 and no gradient.
double entropy_row(float* logits, std::int64_t columns, std::int64_t target, float weight);

}  // namespace engine

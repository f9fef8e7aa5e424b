// attention_loops.h: what training's attention does between its matrix products: packing for them, the softmax and its gradient.
// Called by layers/whole_attention.cpp for one head of one sequence. Pure; compiled for several processors (clones.h).
// A product's right side lies in pairs of rows, as bf16 dot products read it: [rows / 2][columns][2]. Shapes: T tokens, D head width.
#pragma once

#include <cstdint>

#include "engine/layers/numbers.h"

namespace engine {

// T rows of D numbers, `stride` apart, and how many rows their copy has: the rest are 0.
struct HeadRows {
  const Bf16* at = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0, padded = 0;  // columns % 16 == 0, padded % 16 == 0
};
void copy_rows(const HeadRows& of, Bf16* out);      // [padded][D]
void pack_rows(const HeadRows& of, Bf16* out);      // [padded / 2][D][2]: the rows as a product's right side
void pack_columns(const HeadRows& of, Bf16* out);   // [D / 2][padded][2]: the columns as its right side
void unpack_pairs(const Bf16* pairs, std::int64_t rows, std::int64_t columns, Bf16* out);  // [rows / 2][columns][2] -> [rows][columns]
void pack_pairs(const Bf16* rows, std::int64_t count, std::int64_t columns, std::int64_t stride, Bf16* out);  // and back

// One query's scores to weights, relative to the largest: exp(scale * (s - max)), 0 from `seen` on. Gives their sum, and its
// logarithm with the largest score: what softmax divides by.
struct Softmaxed {
  float sum = 0, log_sum = 0;
};
Softmaxed softmax_row(const float* scores, std::int64_t seen, std::int64_t columns, float scale, Bf16* weights);

// One key's scores with many queries: weights = exp(scale * s - log_sum), and the gradient of the scores: weight * (gradient of the
// weight - the query's own sum). 0 before `first`, whose queries come before the key.
struct KeyRow {
  const float *scores = nullptr, *weight_gradients = nullptr, *log_sums = nullptr, *own = nullptr;
  std::int64_t first = 0, columns = 0;
  float scale = 1;
};
void softmax_backward(const KeyRow& of, Bf16* weights, Bf16* score_gradients);

// out = x * scale in bf16; rows of D numbers. transposed: x is [D][stride].
void scale_row(const float* x, std::int64_t columns, float scale, Bf16* out);
void scale_transposed(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride, float scale, Bf16* out, std::int64_t out_stride);

float dot(const Bf16* a, const Bf16* b, std::int64_t columns);

}  // namespace engine

// low_rank.h: what a LoRA adapter adds to a packed matrix, in the layout of the decode loop: two thin products in f32.
// lower() gives a row's few ranks, add() spreads them over the outputs. Pure; rows may be shared out among threads.
#pragma once

#include <cstdint>
#include <vector>

namespace engine {

struct LowRankRows {
  std::int64_t rank = 0;    // 0: nothing is added
  std::vector<float> down;  // [columns, rank]
  std::vector<float> up;    // [rank, rows], scaled
};

// h[rank] = sum over columns of x[c] * (norm[c] * inverse, or 1) * down[c]; `norm` may be null.
void lower(const LowRankRows& low, std::int64_t columns, const float* x, const float* norm, float inverse, float* h);

// out[0 .. count) += the product's rows [first, first + count).
void add(const LowRankRows& low, std::int64_t rows, const float* h, std::int64_t first, std::int64_t count, float* out);

}  // namespace engine

// step.h: what one forward pass threads through all layers, and attention over a ragged batch.
// A model makes one Step for a batch; each layer calls attend() with all rows' queries, keys and values, which caches the new
// ones and attends within each sequence; the model raises `layer` after each block. Engine thread.
// Shapes: T new tokens of all sequences, H query heads, K kv heads, D head width.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "engine/layers/attention.h"
#include "engine/layers/batch.h"
#include "engine/layers/rope.h"

namespace engine {

// How a layer looks at the tokens before.
struct Attention {
  double scale = 1;          // of the products of queries and keys: 1 / sqrt(D), mostly
  std::int64_t window = 0;   // a token sees itself and the window - 1 before it; 0: all
  torch::Tensor slopes_H{};  // ALiBi's, [H] in f32 (Press et al. 2021, arXiv 2108.12409); undefined: no bias
};

struct Step {
  const Batch& batch;
  Rope::Rows rope{};  // of every row's position; empty where positions are not rotated
  std::int64_t layer = 0;

  // What each sequence's tokens see, made by the first layer that looks so and shared by the rest.
  struct Looks {
    std::int64_t window;
    std::vector<Sight> of_sequence;
  };
  std::vector<Looks> looks{};
};

// queries: [H, T, D]; keys, values: [K, T, D] of the new tokens -> [T, H * D].
torch::Tensor attend(Step& step, const torch::Tensor& queries_HTD, const torch::Tensor& keys_KTD, const torch::Tensor& values_KTD,
                     const Attention& how);

// The rotations of every row of a batch.
Rope::Rows rotations(Rope& rope, const Batch& batch);

// [T, heads * width] -> [heads, T, width]
inline torch::Tensor by_head(const torch::Tensor& x, std::int64_t heads) { return x.view({x.size(0), heads, -1}).transpose(0, 1); }

}  // namespace engine

// tensor_plan.h: every tensor of a model by name and shape, without a model: what the writers of model files go through.
// tensor_plan(config) lists them in the order of a forward pass, under Hugging Face's names and under GGUF's.
// Pure. tests/engine/models checks each against the slots of the model that reads it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/config.h"

namespace engine {

enum class TensorRole { Embedding, Head, Matrix, Output, Norm, Bias };  // Output: a matrix that adds to the residual stream

struct PlannedTensor {
  std::string hugging_face, gguf;
  std::vector<std::int64_t> shape;  // outermost first
  TensorRole role = TensorRole::Matrix;
  std::int64_t rope_heads = 0;  // > 0: GGUF stores the rows permuted within that many heads
};

// Unsupported, naming the architectures it knows, for another one.
base::Result<std::vector<PlannedTensor>> tensor_plan(const ModelConfig& config);

// Row r of the GGUF tensor is row order[r] of the Hugging Face one: each head's two rotary halves side by side, as
// llama.cpp's converter permutes them.
std::vector<std::int64_t> gguf_row_order(std::int64_t rows, std::int64_t heads);

}  // namespace engine

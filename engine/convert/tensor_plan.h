// tensor_plan.h: every tensor of a model by name and shape, without a model: what the writers of model files go through.
// tensor_plan(config) lists them in the order of a forward pass, under Hugging Face's names and under GGUF's.
// Pure. tests/engine/models compares each with the slots of the model that reads it.
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
  std::vector<std::int64_t> shape;  // as GGUF has it, outermost first
  TensorRole role = TensorRole::Matrix;
  // What becomes of Hugging Face's numbers on their way into GGUF.
  std::vector<std::int64_t> rows{};  // row r is Hugging Face's row rows[r]; empty: in order
  bool transposed = false;           // Hugging Face has [inputs, outputs], as GPT-2's Conv1D
  bool stacked = false;              // Hugging Face has a tensor a row, numbered where `hugging_face` says {}
  float more = 0;                    // is added: Gemma's norms lack 1
  std::string also{};                // another name that some checkpoints use
};

// Unsupported, naming the architectures it knows, for another one.
base::Result<std::vector<PlannedTensor>> tensor_plan(const ModelConfig& config);

}  // namespace engine

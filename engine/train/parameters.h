// parameters.h: a model's weights as what an optimizer changes: named, in f32, with gradients.
// random_parameters() fills an empty model, parameters_of() lists a filled one and makes each its own writable copy.
// The tensors are shared with the model. One thread.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "engine/models/model.h"

namespace engine {

struct Parameter {
  enum class Kind { Matrix, Table, Head, Vector };
  std::string name;  // Hugging Face's
  torch::Tensor value;
  Kind kind = Kind::Matrix;
};

// Normal, of a deviation that keeps activations about 1; norms are 1, biases 0, and so are the matrices that add to the residual
// stream, so that the model begins as its embedding (Zhang et al. 2019, arXiv 1901.09321).
void random_parameters(Model& model, std::uint64_t seed, torch::Device device);

// The tensor that a slot of a filled model holds, shared with it.
torch::Tensor tensor_of(const Slot& slot);

bool is_head(const Slot& slot);

std::vector<Parameter> parameters_of(Model& model, torch::Device device);

}  // namespace engine

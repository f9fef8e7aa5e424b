// activation.h: the functions between an MLP's matrices, chosen by the model's configuration.
// activate() of any tensor, in its own dtype. Pure.
#pragma once

#include <torch/torch.h>

#include "engine/config.h"

namespace engine {

inline torch::Tensor activate(Activation activation, const torch::Tensor& x) {
  switch (activation) {
    case Activation::Silu: return torch::silu(x);
    case Activation::Gelu: return torch::gelu(x);
    case Activation::GeluTanh: return torch::gelu(x, "tanh");
  }
  return x;
}

}  // namespace engine

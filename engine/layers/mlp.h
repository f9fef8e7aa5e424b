// mlp.h: the two-matrix MLP of GPT-2 and its kin: down(activation(up(x))).
// Its matrices are filled by the model's slots; forward() any [T, D]. Engine thread.
#pragma once

#include <torch/torch.h>

#include <memory>

#include "engine/layers/activation.h"
#include "engine/layers/linear.h"

namespace engine {

struct Mlp : torch::nn::Module {
  explicit Mlp(Activation activation)
      : activation(activation), up(register_module("up", std::make_shared<Linear>())), down(register_module("down", std::make_shared<Linear>())) {}

  torch::Tensor forward(const torch::Tensor& x_TD) { return down->forward(activate(activation, up->forward(x_TD))); }

  Activation activation;
  std::shared_ptr<Linear> up, down;
};

}  // namespace engine

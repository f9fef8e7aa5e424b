// with_gradients.h: a norm, a gated activation and a rotation for training on the CPU, each one pass forward and one back.
// Used by norm.h, rotary.h and rope.cpp where gradients are wanted; elsewhere they return nothing and libtorch's operations serve.
// Under autocast the norm gives the products' dtype at once. One thread calls; rows are split among libtorch's threads.
#pragma once

#include <torch/torch.h>

#include <optional>

namespace engine {

std::optional<torch::Tensor> rms_norm_with_gradients(const torch::Tensor& x, const torch::Tensor& weight_D, double epsilon);
std::optional<torch::Tensor> silu_with_gradients(const torch::Tensor& gate, const torch::Tensor& up);  // silu(gate) * up
std::optional<torch::Tensor> rotated_with_gradients(const torch::Tensor& x_HTD, const torch::Tensor& cos_TD, const torch::Tensor& signed_sin_TD);

}  // namespace engine

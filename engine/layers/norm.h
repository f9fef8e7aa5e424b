// norm.h: normalisation over the last dimension: root-mean-square, and with mean and bias.
// set() the weight (and the bias) once, then forward() any [..., D]; sums are f32. Used on the engine thread.
#pragma once

#include <torch/torch.h>

#include "engine/layers/with_gradients.h"

namespace engine {

class Norm : public torch::nn::Module {
 public:
  explicit Norm(double epsilon) : epsilon_(epsilon) {}
  void set(torch::Tensor weight_D) { weight_ = register_parameter("weight", std::move(weight_D), /*requires_grad=*/false); }
  void set_bias(torch::Tensor bias_D) { bias_ = register_parameter("bias", std::move(bias_D), /*requires_grad=*/false); }

  const torch::Tensor& weight() const { return weight_; }
  virtual torch::Tensor forward(const torch::Tensor& x) const = 0;

 protected:
  double epsilon_;
  torch::Tensor weight_, bias_;  // bias: undefined unless set
};

// x / sqrt(mean(x^2) + epsilon) * weight; Zhang and Sennrich 2019, arXiv 1910.07467. The weight may be wider than x.
class RmsNorm : public Norm {
 public:
  using Norm::Norm;
  torch::Tensor forward(const torch::Tensor& x) const override {
    if (auto y = rms_norm_with_gradients(x, weight_, epsilon_)) return *y;
    const torch::Tensor wide = x.to(torch::kFloat32);
    const torch::Tensor scale = torch::rsqrt(wide.square().mean(-1, /*keepdim=*/true).add_(epsilon_));
    return (wide * scale).to(x.scalar_type()).mul_(weight_);
  }
};

// (x - mean) / sqrt(variance + epsilon) * weight + bias; Ba et al. 2016, arXiv 1607.06450.
class LayerNorm : public Norm {
 public:
  using Norm::Norm;
  torch::Tensor forward(const torch::Tensor& x) const override { return torch::layer_norm(x, {x.size(-1)}, weight_, bias_, epsilon_); }
};

}  // namespace engine

// norm.h: root-mean-square normalisation (Zhang and Sennrich 2019): x / sqrt(mean(x^2) + epsilon) * weight, summed in f32.
// set() the weight once, then forward() any [..., D]. Used on the engine thread.
#pragma once

#include <torch/torch.h>

namespace engine {

class RmsNorm : public torch::nn::Module {
 public:
  explicit RmsNorm(double epsilon) : epsilon_(epsilon) {}
  void set(torch::Tensor weight_D) { weight_ = register_parameter("weight", std::move(weight_D), /*requires_grad=*/false); }

  torch::Tensor forward(const torch::Tensor& x) const {
    const torch::Tensor wide = x.to(torch::kFloat32);
    const torch::Tensor scale = torch::rsqrt(wide.square().mean(-1, /*keepdim=*/true).add_(epsilon_));
    return (wide * scale).to(x.scalar_type()).mul_(weight_);
  }
  std::int64_t bytes() const { return std::int64_t(weight_.nbytes()); }

 private:
  double epsilon_;
  torch::Tensor weight_;
};

}  // namespace engine

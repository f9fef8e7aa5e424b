// linear.h: y = x W^T + b, whichever way W is held: an ordinary parameter, or a quantised GroupedWeight.
// set() the weight once at load; forward() picks the path: a few rows on the CPU go to the grouped kernels, many rows to
// libtorch's matrix product over tiles of expanded weights. rows() is the same matrix used as an embedding table.
// Shapes: T tokens, I inputs, O outputs. Used on the engine thread.
#pragma once

#include <torch/torch.h>

#include <optional>

#include "engine/quant/grouped.h"

namespace engine {

class Linear : public torch::nn::Module {
 public:
  void set(torch::Tensor weight_OI);
  void set(GroupedWeight weight, torch::Device device, torch::Dtype dtype);
  void set_bias(torch::Tensor bias_O);

  torch::Tensor forward(const torch::Tensor& x_TI) const;  // [T, O], in x's dtype
  torch::Tensor rows(const torch::Tensor& ids_T) const;    // [T, I], in the compute dtype
  std::int64_t bytes() const;

 private:
  torch::Tensor few_rows(const torch::Tensor& x_TI) const;
  torch::Tensor many_rows(const torch::Tensor& x_TI) const;
  torch::Tensor expanded(std::int64_t first, std::int64_t count) const;

  torch::Tensor weight_;                  // [O, I], or undefined
  std::optional<GroupedWeight> grouped_;  // otherwise
  torch::Tensor bias_;                    // [O], or undefined
  torch::Device device_ = torch::kCPU;
  torch::Dtype dtype_ = torch::kFloat32;
};

}  // namespace engine

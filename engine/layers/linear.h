// linear.h: y = x W^T + b, whichever way W is held: an ordinary parameter, or quantised, in the host's memory or a device's.
// set() the weight once at load; forward() picks the path: on the CPU a few rows go to the grouped kernels and many rows to
// libtorch's matrix product over tiles of expanded weights; elsewhere tiles are expanded on the device.
// An adapter adds scale * B A to it (Hu et al. 2021, arXiv 2106.09685), beside a weight that stays as it is; gradients pass through
// quantised weights, which have none themselves.
// rows() is the same matrix used as an embedding table, without the adapter. Shapes: T tokens, I inputs, O outputs. Used on the engine thread.
#pragma once

#include <torch/torch.h>

#include <optional>

#include "engine/kernels/packed.h"
#include "engine/layers/grouped_tensor.h"
#include "engine/quant/grouped.h"

namespace engine {

class Linear : public torch::nn::Module {
 public:
  struct LowRankPair {
    torch::Tensor a_RI, b_OR;  // undefined: no adapter
    double scale = 1;
  };

  void set(torch::Tensor weight_OI);
  void set(GroupedWeight weight, torch::Device device, torch::Dtype dtype);
  void set_bias(torch::Tensor bias_O);

  torch::Tensor forward(const torch::Tensor& x_TI) const;  // [T, O], in x's dtype
  torch::Tensor rows(const torch::Tensor& ids_T) const;    // [T, I], in the compute dtype
  std::int64_t bytes() const;

  void set_low_rank(LowRankPair pair) { low_ = std::move(pair); }
  const LowRankPair& low_rank() const { return low_; }
  torch::TensorOptions low_rank_options() const;  // dtype and device that a pair must have outside training
  std::int64_t outputs() const { return outputs_; }
  std::int64_t inputs() const { return inputs_; }

  // For who multiplies it otherwise (engine/models/packed_model.h): the packed weight, which must be there and then is not. A Linear
  // that holds one is a place for it only: forward() and rows() are for the other ways.
  void set(PackedWeight weight);
  PackedWeight take_packed();
  const torch::Tensor& bias() const { return bias_; }  // [O], or undefined

 private:
  friend struct FrozenProduct;  // linear.cpp: the same with a way back
  torch::Tensor without_adapter(const torch::Tensor& x_TI) const;
  torch::Tensor product(const torch::Tensor& x_TI) const;
  torch::Tensor expanded(std::int64_t first, std::int64_t count) const;  // rows of a quantised weight, in dtype_
  torch::Tensor back(const torch::Tensor& dy_TO) const;  // [T, I] in f32
  torch::Tensor few_rows(const torch::Tensor& x_TI) const;
  torch::Tensor many_rows(const torch::Tensor& x_TI) const;
  torch::Tensor on_device(const torch::Tensor& x_TI) const;

  // Exactly one of these holds the weight, [O, I].
  torch::Tensor weight_;
  std::optional<GroupedWeight> host_;
  std::optional<GroupedTensor> device_;
  std::optional<PackedWeight> packed_;

  torch::Tensor bias_;  // [O], or undefined
  LowRankPair low_;
  std::int64_t outputs_ = 0, inputs_ = 0;
  torch::Dtype dtype_ = torch::kFloat32;
};

}  // namespace engine

// grouped_tensor.h: a GroupedWeight in a device's memory, expanded there by plain tensor operations.
// Made once at load; expand() and rows() give floats of the asked dtype on the device, equal to engine::expand()'s.
// For devices without kernels of their own: any that libtorch has. Shapes: R rows, C columns, G groups a row.
#pragma once

#include <torch/torch.h>

#include "engine/quant/grouped.h"

namespace engine {

class GroupedTensor {
 public:
  GroupedTensor(const GroupedWeight& weight, torch::Device device);

  torch::Tensor expand(std::int64_t first, std::int64_t count, torch::Dtype dtype) const;  // [count, C]
  torch::Tensor rows(const torch::Tensor& ids_T, torch::Dtype dtype) const;                // [T, C]; ids on the device
  torch::Device device() const { return codes_.device(); }
  std::int64_t bytes() const;

 private:
  torch::Tensor floats(const torch::Tensor& codes, const torch::Tensor& scales_RG, const torch::Tensor& minimums_RG) const;

  int bits_, group_, zero_;
  torch::Tensor codes_;        // [R, C] or, of 4 bits, [R, C / 2]
  torch::Tensor scales_;       // [R, G], f32
  torch::Tensor minimums_;     // as scales_, or undefined
};

}  // namespace engine

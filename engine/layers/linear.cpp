#include "engine/layers/linear.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "engine/kernels/kernels.h"

namespace engine {
namespace {

constexpr std::int64_t kFewRows = 8;          // up to here the kernels beat expanding the weights
constexpr std::int64_t kTileWeights = 1 << 22;  // weights expanded at a time: 16 MB of floats, so that they stay near the cache

}  // namespace

void Linear::set(torch::Tensor weight_OI) {
  device_ = weight_OI.device();
  dtype_ = weight_OI.scalar_type();
  weight_ = register_parameter("weight", std::move(weight_OI), /*requires_grad=*/false);
}

void Linear::set(GroupedWeight weight, torch::Device device, torch::Dtype dtype) {
  grouped_ = std::move(weight);
  device_ = device;
  dtype_ = dtype;
}

void Linear::set_bias(torch::Tensor bias_O) { bias_ = register_parameter("bias", std::move(bias_O), /*requires_grad=*/false); }

std::int64_t Linear::bytes() const {
  std::int64_t total = bias_.defined() ? std::int64_t(bias_.nbytes()) : 0;
  if (weight_.defined()) total += std::int64_t(weight_.nbytes());
  if (grouped_) total += grouped_->bytes();
  return total;
}

torch::Tensor Linear::forward(const torch::Tensor& x_TI) const {
  if (!grouped_) return torch::linear(x_TI, weight_, bias_);
  torch::Tensor y_TO = x_TI.size(0) <= kFewRows && device_.is_cpu() ? few_rows(x_TI) : many_rows(x_TI);
  if (bias_.defined()) y_TO.add_(bias_);
  return y_TO;
}

torch::Tensor Linear::few_rows(const torch::Tensor& x_TI) const {
  const torch::Tensor x = x_TI.to(torch::kFloat32).contiguous();
  torch::Tensor y = torch::empty({x.size(0), grouped_->rows}, torch::kFloat32);
  const float* in = x.const_data_ptr<float>();
  float* out = y.mutable_data_ptr<float>();
  const std::int64_t count = x.size(0);
  const std::int64_t grain = std::max<std::int64_t>(16, (1 << 16) / std::max<std::int64_t>(1, grouped_->columns));
  at::parallel_for(0, grouped_->rows, grain, [&](std::int64_t first, std::int64_t last) {
    kernels().grouped_matmul(*grouped_, first, last, in, count, out);
  });
  return y.to(x_TI.scalar_type());
}

torch::Tensor Linear::expanded(std::int64_t first, std::int64_t count) const {
  torch::Tensor tile = torch::empty({count, grouped_->columns}, torch::kFloat32);
  float* out = tile.mutable_data_ptr<float>();
  at::parallel_for(0, count, 32, [&](std::int64_t begin, std::int64_t end) {
    expand(*grouped_, first + begin, end - begin, out + begin * grouped_->columns);
  });
  return tile.to(torch::TensorOptions().device(device_).dtype(dtype_));
}

torch::Tensor Linear::many_rows(const torch::Tensor& x_TI) const {
  torch::Tensor y = torch::empty({x_TI.size(0), grouped_->rows}, x_TI.options());
  const std::int64_t tile = std::max<std::int64_t>(1, kTileWeights / grouped_->columns);
  for (std::int64_t first = 0; first < grouped_->rows; first += tile) {
    const std::int64_t count = std::min(tile, grouped_->rows - first);
    y.narrow(1, first, count).copy_(torch::linear(x_TI, expanded(first, count)));
  }
  return y;
}

torch::Tensor Linear::rows(const torch::Tensor& ids_T) const {
  if (!grouped_) return weight_.index_select(0, ids_T);
  const torch::Tensor ids = ids_T.to(torch::kCPU, torch::kInt64).contiguous();
  torch::Tensor out = torch::empty({ids.size(0), grouped_->columns}, torch::kFloat32);
  for (std::int64_t i = 0; i < ids.size(0); ++i)
    expand(*grouped_, ids.const_data_ptr<std::int64_t>()[i], 1, out.mutable_data_ptr<float>() + i * grouped_->columns);
  return out.to(torch::TensorOptions().device(device_).dtype(dtype_));
}

}  // namespace engine

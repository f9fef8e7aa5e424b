#include "engine/layers/grouped_tensor.h"

namespace engine {
namespace {

torch::Tensor copied(const void* data, std::int64_t rows, std::size_t values, torch::Dtype dtype, torch::Device device) {
  const torch::Tensor view = torch::from_blob(const_cast<void*>(data), {rows, std::int64_t(values) / rows}, dtype);
  return view.to(device, dtype, /*non_blocking=*/false, /*copy=*/true);
}

}  // namespace

GroupedTensor::GroupedTensor(const GroupedWeight& weight, torch::Device device)
    : bits_(weight.bits), group_(weight.group), zero_(weight.zero),
      codes_(copied(weight.codes.data(), weight.rows, weight.codes.size(), weight.bits == 8 ? torch::kInt8 : torch::kUInt8, device)),
      scales_(copied(weight.scales.data(), weight.rows, weight.scales.size(), torch::kFloat32, device)) {
  if (!weight.minimums.empty()) minimums_ = copied(weight.minimums.data(), weight.rows, weight.minimums.size(), torch::kFloat32, device);
}

torch::Tensor GroupedTensor::floats(const torch::Tensor& codes, const torch::Tensor& scales, const torch::Tensor& minimums) const {
  const std::int64_t rows = codes.size(0);
  torch::Tensor numbers = codes;
  if (bits_ == 4) {  // of each 32 columns, byte i holds columns i and i + 16
    const torch::Tensor bytes = codes.view({rows, -1, 16});
    numbers = torch::cat({bytes.bitwise_and(15), bytes.bitwise_right_shift(4)}, -1);
  }
  torch::Tensor values = numbers.to(torch::kFloat32).view({rows, -1, group_});
  if (zero_ != 0) values.sub_(zero_);
  values.mul_(scales.unsqueeze(-1));
  if (minimums.defined()) values.add_(minimums.unsqueeze(-1));
  return values.view({rows, -1});
}

torch::Tensor GroupedTensor::expand(std::int64_t first, std::int64_t count, torch::Dtype dtype) const {
  const auto part = [&](const torch::Tensor& all) { return all.defined() ? all.narrow(0, first, count) : all; };
  return floats(part(codes_), part(scales_), part(minimums_)).to(dtype);
}

torch::Tensor GroupedTensor::rows(const torch::Tensor& ids_T, torch::Dtype dtype) const {
  const auto part = [&](const torch::Tensor& all) { return all.defined() ? all.index({ids_T}) : all; };
  return floats(part(codes_), part(scales_), part(minimums_)).to(dtype);
}

std::int64_t GroupedTensor::bytes() const {
  return std::int64_t(codes_.nbytes() + scales_.nbytes() + (minimums_.defined() ? minimums_.nbytes() : 0));
}

}  // namespace engine

#include "engine/layers/linear.h"

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>
#include <ATen/autocast_mode.h>

#include <algorithm>

#include "engine/kernels/kernels.h"

namespace engine {
namespace {

constexpr std::int64_t kFewRows = 8;               // up to here the kernels beat expanding the weights
constexpr std::int64_t kHostTile = 1 << 17;        // weights a thread expands at a time: half a MB of floats, to stay in its cache
constexpr std::int64_t kBackTile = 1 << 22;        // of the way back: multiplied on all threads at once
constexpr std::int64_t kDeviceTile = 1 << 25;      // 128 MB of floats: enough work for one launch

std::int64_t rows_in_tile(std::int64_t tile, std::int64_t columns) { return std::max<std::int64_t>(1, tile / std::max<std::int64_t>(1, columns)); }

}  // namespace

void Linear::set(torch::Tensor weight_OI) {
  outputs_ = weight_OI.size(0), inputs_ = weight_OI.size(1);
  dtype_ = weight_OI.scalar_type();
  weight_ = register_parameter("weight", std::move(weight_OI), /*requires_grad=*/false);
}

void Linear::set(GroupedWeight weight, torch::Device device, torch::Dtype dtype) {
  outputs_ = weight.rows, inputs_ = weight.columns;
  dtype_ = dtype;
  if (device.is_cpu()) host_ = std::move(weight);
  else device_.emplace(weight, device);
}

void Linear::set_bias(torch::Tensor bias_O) { bias_ = register_parameter("bias", std::move(bias_O), /*requires_grad=*/false); }

std::int64_t Linear::bytes() const {
  std::int64_t total = bias_.defined() ? std::int64_t(bias_.nbytes()) : 0;
  if (weight_.defined()) total += std::int64_t(weight_.nbytes());
  if (host_) total += host_->bytes();
  if (device_) total += device_->bytes();
  if (packed_) total += packed_->bytes();
  return total;
}

void Linear::set(PackedWeight weight) {
  outputs_ = weight.rows(), inputs_ = weight.columns();
  packed_ = std::move(weight);
}

PackedWeight Linear::take_packed() {
  PackedWeight taken = std::move(packed_.value());
  packed_.reset();
  return taken;
}

// A quantised matrix in training: it is a constant, but what it is multiplied with is not.
struct FrozenProduct : torch::autograd::Function<FrozenProduct> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x_TI, const Linear* linear) {
    context->saved_data["linear"] = reinterpret_cast<std::int64_t>(linear);
    context->saved_data["dtype"] = std::int64_t(x_TI.scalar_type());
    return linear->product(x_TI.to(linear->dtype_));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto* linear = reinterpret_cast<const Linear*>(context->saved_data["linear"].toInt());
    return {linear->back(gradients[0]).to(torch::Dtype(context->saved_data["dtype"].toInt())), {}};
  }
};

torch::TensorOptions Linear::low_rank_options() const {
  if (weight_.defined()) return weight_.options().requires_grad(false);
  return torch::TensorOptions(dtype_).device(device_ ? device_->device() : torch::Device(torch::kCPU));
}

torch::Tensor Linear::forward(const torch::Tensor& x_TI) const {
  const torch::Tensor y_TO = without_adapter(x_TI);
  if (!low_.a_RI.defined()) return y_TO;
  return y_TO.add(torch::linear(torch::linear(x_TI, low_.a_RI), low_.b_OR), low_.scale);
}

torch::Tensor Linear::without_adapter(const torch::Tensor& x_TI) const {
  if (weight_.defined()) return torch::linear(x_TI, weight_, bias_);
  if (torch::GradMode::is_enabled() && x_TI.requires_grad()) {
    const torch::Tensor y_TO = FrozenProduct::apply(x_TI, this);
    return bias_.defined() ? y_TO + bias_.to(y_TO.scalar_type()) : y_TO;
  }
  torch::Tensor y_TO = product(x_TI.to(dtype_));
  if (bias_.defined()) y_TO.add_(bias_);
  return y_TO;
}

// dy W, over tiles of expanded weights.
torch::Tensor Linear::back(const torch::Tensor& dy_TO) const {
  const torch::Tensor dy = dy_TO.to(dtype_);
  torch::Tensor dx = torch::zeros({dy.size(0), inputs_}, dy.options().dtype(torch::kFloat32));
  const std::int64_t most = rows_in_tile(device_ ? kDeviceTile : kBackTile, inputs_);
  for (std::int64_t first = 0; first < outputs_; first += most) {
    const std::int64_t count = std::min(most, outputs_ - first);
    dx += torch::mm(dy.narrow(1, first, count), expanded(first, count));
  }
  return dx;
}

torch::Tensor Linear::expanded(std::int64_t first, std::int64_t count) const {
  if (device_) return device_->expand(first, count, dtype_);
  torch::Tensor tile = torch::empty({count, inputs_}, torch::kFloat32);
  float* const out = tile.mutable_data_ptr<float>();
  at::parallel_for(0, count, std::max<std::int64_t>(1, (1 << 16) / inputs_), [&](std::int64_t begin, std::int64_t end) {
    expand(*host_, first + begin, end - begin, out + begin * inputs_);
  });
  return tile.to(dtype_);
}

torch::Tensor Linear::product(const torch::Tensor& x_TI) const {
  if (device_) return on_device(x_TI);
  return x_TI.size(0) <= kFewRows ? few_rows(x_TI) : many_rows(x_TI);
}

torch::Tensor Linear::few_rows(const torch::Tensor& x_TI) const {
  const torch::Tensor x = x_TI.to(torch::kFloat32).contiguous();
  torch::Tensor y = torch::empty({x.size(0), outputs_}, torch::kFloat32);
  const float* in = x.const_data_ptr<float>();
  float* out = y.mutable_data_ptr<float>();
  const std::int64_t count = x.size(0);
  const std::int64_t grain = std::max<std::int64_t>(16, (1 << 18) / std::max<std::int64_t>(1, inputs_));
  at::parallel_for(0, outputs_, grain, [&](std::int64_t first, std::int64_t last) {
    kernels().grouped_matmul(*host_, first, last, in, count, out);
  });
  return y.to(x_TI.scalar_type());
}

// Each thread expands some rows of the weight into a tile of its own and multiplies them there (libtorch's product is
// single-threaded inside a parallel region), so that threads meet once a matrix, not once a tile.
torch::Tensor Linear::many_rows(const torch::Tensor& x_TI) const {
  torch::Tensor y = torch::empty({x_TI.size(0), outputs_}, x_TI.options());
  const std::int64_t most = rows_in_tile(kHostTile, inputs_), tiles = (outputs_ + most - 1) / most;
  const at::ThreadLocalState state;  // inference mode is a thread's own
  at::parallel_for(0, tiles, 1, [&](std::int64_t first_tile, std::int64_t last_tile) {
    const at::ThreadLocalStateGuard same_mode(state);
    const torch::Tensor tile = torch::empty({most, inputs_}, torch::kFloat32);
    for (std::int64_t at = first_tile; at < last_tile; ++at) {
      const std::int64_t first = at * most, count = std::min(most, outputs_ - first);
      expand(*host_, first, count, tile.mutable_data_ptr<float>());
      torch::Tensor part = y.narrow(1, first, count);
      at::mm_out(part, x_TI, tile.narrow(0, 0, count).to(dtype_).t());
    }
  });
  return y;
}

torch::Tensor Linear::on_device(const torch::Tensor& x_TI) const {
  const std::int64_t most = rows_in_tile(kDeviceTile, inputs_);
  if (outputs_ <= most) return torch::linear(x_TI, device_->expand(0, outputs_, dtype_));
  torch::Tensor y = torch::empty({x_TI.size(0), outputs_}, x_TI.options());
  for (std::int64_t first = 0; first < outputs_; first += most) {
    const std::int64_t count = std::min(most, outputs_ - first);
    y.narrow(1, first, count).copy_(torch::linear(x_TI, device_->expand(first, count, dtype_)));
  }
  return y;
}

torch::Tensor Linear::rows(const torch::Tensor& ids_T) const {
  if (weight_.defined()) return weight_.requires_grad() ? torch::embedding(weight_, ids_T) : weight_.index({ids_T});  // as it sums gradients in order
  if (device_) return device_->rows(ids_T, dtype_);
  const torch::Tensor ids = ids_T.to(torch::kInt64).contiguous();
  torch::Tensor out = torch::empty({ids.size(0), inputs_}, torch::kFloat32);
  for (std::int64_t i = 0; i < ids.size(0); ++i)
    expand(*host_, ids.const_data_ptr<std::int64_t>()[i], 1, out.mutable_data_ptr<float>() + i * inputs_);
  return at::autocast::is_autocast_enabled(at::kCPU) ? out : out.to(dtype_);  // in training sums are f32
}

}  // namespace engine

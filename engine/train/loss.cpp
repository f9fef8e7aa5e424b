#include "engine/train/loss.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "engine/layers/gradient_loops.h"

namespace engine {
namespace {

constexpr std::int64_t kRows = 1024;  // whose logits are held at once: 32 MB of a vocabulary of 8192

class Autocast {
 public:
  Autocast(torch::DeviceType device, bool bf16) : device_(device), before_(at::autocast::is_autocast_enabled(device)) {
    at::autocast::set_autocast_enabled(device, bf16);
    if (bf16) at::autocast::set_autocast_dtype(device, torch::kBFloat16);
  }
  ~Autocast() {
    at::autocast::set_autocast_enabled(device_, before_);
    at::autocast::clear_cache();  // of weights in bf16, which the next step changes
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType device_;
  bool before_;
};

// Of each row, times its target's weight. `weights` may be empty: 1.
torch::Tensor nats(const torch::Tensor& logits_TV, const torch::Tensor& targets_T, std::span<const float> weights) {
  const torch::Tensor each_T = at::cross_entropy_loss(logits_TV, targets_T, {}, at::Reduction::None, kNoTarget);
  return weights.empty() ? each_T : each_T * torch::tensor(at::ArrayRef<float>(weights.data(), weights.size())).to(each_T.device());
}

// Sends the gradient of weight * nats back through the logits. On the CPU they become their own gradient, in one pass.
double send_back(const torch::Tensor& logits_TV, const torch::Tensor& targets_T, std::span<const float> weights, double weight) {
  if (!logits_TV.is_cpu() || logits_TV.scalar_type() != torch::kFloat32 || !logits_TV.is_contiguous()) {
    const torch::Tensor lost = nats(logits_TV, targets_T, weights).sum();
    (lost * weight).backward();
    return lost.item<double>();
  }
  torch::Tensor gradient = logits_TV.detach();
  const std::int64_t rows = gradient.size(0), columns = gradient.size(1);
  std::vector<double> of_row(static_cast<size_t>(rows));
  float* const numbers = gradient.mutable_data_ptr<float>();
  const std::int64_t* const targets = targets_T.const_data_ptr<std::int64_t>();
  at::parallel_for(0, rows, 4, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const double here = weights.empty() ? 1 : double(weights[size_t(r)]);
      of_row[size_t(r)] = here * entropy_row(numbers + r * columns, columns, targets[r], float(weight * here));
    }
  });
  logits_TV.backward(gradient);
  return std::accumulate(of_row.begin(), of_row.end(), 0.0);
}

// Of the rows' targets.
std::span<const float> weights_of(const MicroBatch& batch, std::int64_t first, std::int64_t count) {
  return batch.weights.empty() ? std::span<const float>() : std::span(batch.weights).subspan(size_t(first), size_t(count));
}

template <class Each>
void by_rows(const torch::Tensor& x_TD, const Each& each) {
  for (std::int64_t first = 0; first < x_TD.size(0); first += kRows) each(first, std::min(kRows, x_TD.size(0) - first));
}

}  // namespace

double add_gradients(Model& model, const MicroBatch& batch, double weight, bool bf16) {
  const Autocast autocast(batch.ids_T.device().type(), bf16);
  const torch::Tensor x_TD = model.hidden(batch.batch());
  const torch::Tensor cut = x_TD.detach();
  torch::Tensor gradient = torch::empty_like(cut);
  double sum = 0;
  by_rows(cut, [&](std::int64_t first, std::int64_t count) {
    const torch::Tensor rows = cut.narrow(0, first, count).set_requires_grad(true);
    sum += send_back(model.logits(rows), batch.targets_T.narrow(0, first, count).contiguous(), weights_of(batch, first, count), weight);
    gradient.narrow(0, first, count).copy_(rows.grad());
  });
  x_TD.backward(gradient);
  return sum;
}

double loss(Model& model, const MicroBatch& batch, bool bf16) {
  const torch::NoGradGuard plain;
  const Autocast autocast(batch.ids_T.device().type(), bf16);
  const torch::Tensor x_TD = model.hidden(batch.batch());
  double sum = 0;
  by_rows(x_TD, [&](std::int64_t first, std::int64_t count) {
    sum += nats(model.logits(x_TD.narrow(0, first, count)), batch.targets_T.narrow(0, first, count), weights_of(batch, first, count)).sum().item<double>();
  });
  return sum;
}

}  // namespace engine

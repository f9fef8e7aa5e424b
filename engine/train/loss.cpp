#include "engine/train/loss.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include <algorithm>
#include <numeric>

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

torch::Tensor nats(const torch::Tensor& logits, const torch::Tensor& targets) {
  return at::cross_entropy_loss(logits, targets, {}, at::Reduction::Sum, kNoTarget);
}

// Sends the gradient of weight * nats back through the logits. On the CPU they become their own gradient, in one pass.
double send_back(const torch::Tensor& logits_TV, const torch::Tensor& targets_T, double weight) {
  if (!logits_TV.is_cpu() || logits_TV.scalar_type() != torch::kFloat32 || !logits_TV.is_contiguous()) {
    const torch::Tensor lost = nats(logits_TV, targets_T);
    (lost * weight).backward();
    return lost.item<double>();
  }
  torch::Tensor gradient = logits_TV.detach();
  const std::int64_t rows = gradient.size(0), columns = gradient.size(1);
  std::vector<double> of_row(static_cast<size_t>(rows));
  float* const numbers = gradient.mutable_data_ptr<float>();
  const std::int64_t* const targets = targets_T.const_data_ptr<std::int64_t>();
  at::parallel_for(0, rows, 4, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) of_row[size_t(r)] = entropy_row(numbers + r * columns, columns, targets[r], float(weight));
  });
  logits_TV.backward(gradient);
  return std::accumulate(of_row.begin(), of_row.end(), 0.0);
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
    sum += send_back(model.logits(rows), batch.targets_T.narrow(0, first, count).contiguous(), weight);
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
    sum += nats(model.logits(x_TD.narrow(0, first, count)), batch.targets_T.narrow(0, first, count)).item<double>();
  });
  return sum;
}

}  // namespace engine

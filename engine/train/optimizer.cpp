#include "engine/train/optimizer.h"

#include <cmath>

#include "engine/torch/device.h"

namespace engine {

torch::Tensor orthogonalized(const torch::Tensor& matrix, torch::Dtype dtype) {
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;
  constexpr int kSteps = 5;
  const bool tall = matrix.size(0) > matrix.size(1);
  torch::Tensor x = (matrix / (matrix.norm() + 1e-7)).to(dtype);
  if (tall) x = x.t();
  x = x.contiguous();
  for (int i = 0; i < kSteps; ++i) {
    const torch::Tensor square = torch::mm(x, x.t());
    const torch::Tensor polynomial = torch::mm(square, square).mul_(c).add_(square, b);
    x = torch::mm(polynomial, x).add_(x, a);
  }
  return (tall ? x.t() : x).to(torch::kFloat32);
}

Optimizer::Optimizer(std::vector<Parameter> parameters, const OptimizerSettings& settings) : parameters_(std::move(parameters)), settings_(settings) {
  if (!parameters_.empty() && multiplies_bf16(parameters_.front().value.device())) iterated_ = torch::kBFloat16;
  for (const Parameter& p : parameters_) {
    const torch::NoGradGuard plain;
    moments_.push_back({torch::zeros_like(p.value), by_muon(p) ? torch::Tensor() : torch::zeros_like(p.value)});
  }
}

double Optimizer::clip() {
  const torch::NoGradGuard plain;
  double squares = 0;
  for (const Parameter& p : parameters_)
    if (p.value.grad().defined()) squares += p.value.grad().square().sum().item<double>();
  const double norm = std::sqrt(squares);
  if (settings_.clip > 0 && norm > settings_.clip)
    for (Parameter& p : parameters_)
      if (p.value.grad().defined()) p.value.mutable_grad().mul_(settings_.clip / (norm + 1e-6));
  return norm;
}

void Optimizer::step(double rate) {
  const torch::NoGradGuard plain;
  ++steps_;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (!parameters_[i].value.grad().defined()) continue;
    if (by_muon(parameters_[i])) muon(parameters_[i], moments_[i], rate);
    else adamw(parameters_[i], moments_[i], rate);
  }
}

void Optimizer::muon(Parameter& p, Moments& m, double rate) const {
  const torch::Tensor& gradient = p.value.grad();
  m.first.mul_(settings_.momentum).add_(gradient, 1 - settings_.momentum);
  const torch::Tensor ahead = gradient.lerp(m.first, settings_.momentum);  // Nesterov's
  const double scale = 0.2 * std::sqrt(double(std::max(p.value.size(0), p.value.size(1))));
  p.value.mul_(1 - rate * settings_.weight_decay).add_(orthogonalized(ahead, iterated_), -rate * scale);
}

void Optimizer::adamw(Parameter& p, Moments& m, double rate) const {
  const torch::Tensor& gradient = p.value.grad();
  m.first.lerp_(gradient, 1 - settings_.beta1);
  m.second.mul_(settings_.beta2).addcmul_(gradient, gradient, 1 - settings_.beta2);
  const double first = 1 - std::pow(settings_.beta1, double(steps_)), second = 1 - std::pow(settings_.beta2, double(steps_));
  if (p.kind == Parameter::Kind::Matrix || p.kind == Parameter::Kind::Head) p.value.mul_(1 - rate * settings_.weight_decay);
  p.value.addcdiv_(m.first, (m.second / second).sqrt_().add_(settings_.epsilon), -rate / first);
}

void Optimizer::clear_gradients() {
  for (Parameter& p : parameters_) p.value.mutable_grad() = torch::Tensor();
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> out;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    out.push_back({parameters_[i].name, parameters_[i].value});
    out.push_back({"first." + parameters_[i].name, moments_[i].first});
    if (moments_[i].second.defined()) out.push_back({"second." + parameters_[i].name, moments_[i].second});
  }
  return out;
}

}  // namespace engine

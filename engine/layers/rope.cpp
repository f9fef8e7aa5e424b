#include "engine/layers/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/layers/with_gradients.h"

namespace engine {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

// The dimension whose wave turns `rotations` times over the original context.
double yarn_dimension(double rotations, double width, const RopeConfig& config) {
  return width * std::log(config.original_context / (rotations * kTwoPi)) / (2 * std::log(config.theta));
}

// How much of the unscaled frequency a dimension keeps: 1 where it turns often, 0 where it turns rarely.
double yarn_kept(double index, double width, const RopeConfig& config) {
  const double low = std::max(std::floor(yarn_dimension(config.beta_fast, width, config)), 0.0);
  double high = std::min(std::ceil(yarn_dimension(config.beta_slow, width, config)), width - 1);
  if (low == high) high += 0.001;
  return 1 - std::clamp((index - low) / (high - low), 0.0, 1.0);
}

double llama3_frequency(double frequency, const RopeConfig& config) {
  const double wavelength = kTwoPi / frequency;
  const double longest = config.original_context / config.low_frequency_factor;
  const double shortest = config.original_context / config.high_frequency_factor;
  if (wavelength < shortest) return frequency;
  if (wavelength > longest) return frequency / config.factor;
  const double smooth = (config.original_context / wavelength - config.low_frequency_factor) /
                        (config.high_frequency_factor - config.low_frequency_factor);
  return (1 - smooth) * frequency / config.factor + smooth * frequency;
}

double scaled(double frequency, double index, double width, const RopeConfig& config) {
  switch (config.scaling) {
    case RopeScaling::None: return frequency;
    case RopeScaling::Linear: return frequency / config.factor;
    case RopeScaling::Llama3: return llama3_frequency(frequency, config);
    case RopeScaling::Yarn: {
      const double kept = yarn_kept(index, width, config);
      return frequency / config.factor * (1 - kept) + frequency * kept;
    }
  }
  return frequency;
}

}  // namespace

torch::Tensor rope_frequencies(const RopeConfig& config, std::int64_t width, const torch::Tensor& factors) {
  torch::Tensor frequencies = torch::empty({width / 2}, torch::kFloat32);
  for (std::int64_t i = 0; i < width / 2; ++i) {
    const double frequency = 1 / std::pow(config.theta, 2.0 * double(i) / double(width));
    frequencies[i] = float(scaled(frequency, double(i), double(width), config));
  }
  return factors.defined() ? frequencies / factors.to(torch::kFloat32) : frequencies;
}

double rope_attention_factor(const RopeConfig& config) {
  if (config.scaling != RopeScaling::Yarn) return 1;
  if (config.attention_factor > 0) return config.attention_factor;
  return config.factor <= 1 ? 1 : 0.1 * std::log(config.factor) + 1;
}

Rope::Rope(torch::Tensor frequencies, double attention_factor, torch::Device device, torch::Dtype dtype)
    : frequencies_(std::move(frequencies)), attention_factor_(attention_factor), device_(device), dtype_(dtype) {}

Rope::Rows Rope::at(std::int64_t first, std::int64_t count) {
  const std::int64_t have = cos_.defined() ? cos_.size(0) : 0;
  if (first + count > have) {
    const std::int64_t wanted = std::max<std::int64_t>({256, have * 2, first + count});
    const torch::Tensor angles = torch::outer(torch::arange(wanted, torch::kFloat32), frequencies_.to(torch::kCPU));
    const torch::Tensor cos = angles.cos() * attention_factor_, sin = angles.sin() * attention_factor_;
    const auto options = torch::TensorOptions().device(device_).dtype(dtype_);
    cos_ = torch::cat({cos, cos}, -1).to(options);
    signed_sin_ = torch::cat({-sin, sin}, -1).to(options);
  }
  return {cos_.narrow(0, first, count), signed_sin_.narrow(0, first, count)};
}

torch::Tensor Rope::apply(const torch::Tensor& x_HTD, const Rows& rows) {
  const std::int64_t width = rows.cos_TD.size(-1), half = width / 2;
  if (width < x_HTD.size(-1))
    return torch::cat({apply(x_HTD.narrow(-1, 0, width), rows), x_HTD.narrow(-1, width, x_HTD.size(-1) - width)}, -1);
  if (auto turned = rotated_with_gradients(x_HTD, rows.cos_TD, rows.signed_sin_TD)) return *turned;
  const torch::Tensor other = torch::cat({x_HTD.narrow(-1, half, half), x_HTD.narrow(-1, 0, half)}, -1);
  return (x_HTD * rows.cos_TD).addcmul_(other, rows.signed_sin_TD);
}

}  // namespace engine

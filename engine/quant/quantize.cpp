// quantize(): floats to groups, by rounding to the nearest code.
#include <algorithm>
#include <cmath>

#include "engine/quant/grouped.h"

namespace engine {
namespace {

constexpr int kGroup = 32;

// Symmetric: the largest magnitude becomes 127. In double, so that neither the smallest nor the largest floats go astray.
float pack_8(const float* in, std::uint8_t* codes) {
  double most = 0;
  for (int i = 0; i < kGroup; ++i) most = std::max(most, std::abs(double(in[i])));
  const auto scale = float(most / 127);
  for (int i = 0; i < kGroup; ++i) {
    const double code = scale > 0 ? std::round(double(in[i]) / scale) : 0;
    codes[i] = std::uint8_t(std::int8_t(std::clamp(code, -127.0, 127.0)));
  }
  return scale;
}

struct ScaleMin {
  float scale = 0, minimum = 0;
};

ScaleMin pack_4(const float* in, std::uint8_t* codes) {
  const auto [least, most] = std::minmax_element(in, in + kGroup);
  const ScaleMin form{float((double(*most) - double(*least)) / 15), *least};
  const auto code = [&](int i) {
    const double steps = form.scale > 0 ? std::round((double(in[i]) - form.minimum) / form.scale) : 0;
    return std::uint8_t(std::clamp(steps, 0.0, 15.0));
  };
  for (int i = 0; i < kGroup / 2; ++i) codes[i] = std::uint8_t(code(i) | code(i + 16) << 4);
  return form;
}

}  // namespace

base::Result<GroupedWeight> quantize(std::span<const float> weights, std::int64_t rows, std::int64_t columns, int bits) {
  using base::ErrorCode;
  if (bits != 8 && bits != 4) return base::fail(ErrorCode::InvalidInput, "{} bits: expected 8 or 4", bits);
  if (rows < 1 || columns < 1 || columns % kGroup != 0)
    return base::fail(ErrorCode::InvalidInput, "shape [{}, {}]: quantising needs columns in multiples of {}", rows, columns, kGroup);
  if (std::int64_t(weights.size()) / columns != rows || std::int64_t(weights.size()) % columns != 0)
    return base::fail(ErrorCode::InvalidInput, "{} weights are not [{}, {}]", weights.size(), rows, columns);
  const auto odd = std::find_if_not(weights.begin(), weights.end(), [](float w) { return std::isfinite(w); });
  if (odd != weights.end())
    return base::fail(ErrorCode::InvalidInput, "row {} holds a weight that is no number ({})", (odd - weights.begin()) / columns, *odd);

  GroupedWeight out{.rows = rows, .columns = columns, .bits = bits, .group = kGroup, .zero = 0, .codes = {}, .scales = {}, .minimums = {}};
  const std::size_t groups = weights.size() / kGroup;
  out.codes.resize(weights.size() * std::size_t(bits) / 8);
  out.scales.resize(groups);
  if (bits == 4) out.minimums.resize(groups);
  for (std::size_t g = 0; g < groups; ++g) {
    const float* in = weights.data() + g * kGroup;
    if (bits == 8) {
      out.scales[g] = pack_8(in, out.codes.data() + g * kGroup);
    } else {
      const ScaleMin form = pack_4(in, out.codes.data() + g * kGroup / 2);
      out.scales[g] = form.scale;
      out.minimums[g] = form.minimum;
    }
  }
  return out;
}

}  // namespace engine

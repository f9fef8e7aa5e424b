#include "engine/kernels/packed.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/float16.h"

namespace engine {
namespace {

// The largest power of two by which every scale and minimum can be multiplied and still be a half.
int exponent_for(const GroupedWeight& w) {
  float most = 0;
  for (const float s : w.scales) most = std::max(most, std::abs(s));
  for (const float m : w.minimums) most = std::max(most, std::abs(m));
  if (!(most > 0) || !std::isfinite(most)) return 0;
  return std::clamp(14 - std::ilogb(most), -126, 126);  // a power that is itself a float
}

// A panel's row, unit by unit.
void pack_row(const GroupedWeight& w, std::int64_t row, std::uint8_t* panel) {
  const std::int64_t units = w.columns / 32, r = row % cpu::kPanel;
  for (std::int64_t unit = 0; unit < units; ++unit, panel += w.bits * 64) {
    if (w.bits == 8) {
      const std::uint8_t* in = w.codes.data() + row * w.columns + unit * 32;
      for (int four = 0; four < 8; ++four)
        for (int i = 0; i < 4; ++i) panel[four * 64 + r * 4 + i] = std::uint8_t(in[4 * four + i] ^ 0x80);
    } else {  // halves of a byte stand as they do in the groups
      const std::uint8_t* in = w.codes.data() + (row * w.columns + unit * 32) / 2;
      for (int four = 0; four < 4; ++four) std::memcpy(panel + four * 64 + r * 4, in + 4 * four, 4);
    }
  }
}

void pack_halves(const GroupedWeight& w, std::int64_t row, const std::vector<float>& values, float power, std::uint16_t* panel) {
  const std::int64_t groups = w.columns / w.group;
  for (std::int64_t g = 0; g < groups; ++g) panel[g * cpu::kPanel + row % cpu::kPanel] = base::float_to_half(values[std::size_t(row * groups + g)] * power);
}

}  // namespace

PackedWeight::PackedWeight(const PackedForm& form, Arena* arena) : form_(form) {
  const std::int64_t rows = panels() * cpu::kPanel, groups = form.columns / form.group;
  const auto memory = [&](std::int64_t size) { return arena ? arena->take(size) : AlignedBytes(size); };
  codes_ = memory(rows * form.columns * form.bits / 8);
  scales_ = memory(rows * groups * 2);
  if (form.has_minimum) minimums_ = memory(rows * groups * 2);
}

PackedWeight::Panel PackedWeight::panel(std::int64_t index) {
  const std::int64_t scales = index * form_.columns / form_.group * cpu::kPanel;
  return {codes_.as<std::uint8_t>() + index * cpu::kPanel * form_.columns * form_.bits / 8, scales_.as<std::uint16_t>() + scales,
          form_.has_minimum ? minimums_.as<std::uint16_t>() + scales : nullptr};
}

cpu::PackedView PackedWeight::view() const {
  return {form_.rows, form_.columns, form_.bits, form_.group, form_.zero, form_.unit, codes_.as<std::uint8_t>(), scales_.as<std::uint16_t>(),
          form_.has_minimum ? minimums_.as<std::uint16_t>() : nullptr};
}

void PackedWeight::row(std::int64_t row, float* out) const {
  const cpu::PackedView w = view();
  const std::int64_t panel = row / cpu::kPanel, r = row % cpu::kPanel, units = w.columns / 32, groups = w.columns / w.group;
  for (std::int64_t c = 0; c < w.columns; ++c) {
    const std::int64_t in_unit = c % 32;
    const std::uint8_t* unit = w.codes + (panel * units + c / 32) * w.bits * 64;
    int code = 0;
    if (w.bits == 8) {
      code = unit[in_unit / 4 * 64 + r * 4 + in_unit % 4];
    } else {
      const int both = unit[in_unit % 16 / 4 * 64 + r * 4 + in_unit % 4];
      code = in_unit < 16 ? both & 15 : both >> 4;
    }
    const std::int64_t at = (panel * groups + c / w.group) * cpu::kPanel + r;
    const float minimum = w.minimums ? base::half_to_float(w.minimums[at]) : 0;
    out[c] = w.unit * (base::half_to_float(w.scales[at]) * float(code - w.zero) + minimum);
  }
}

PackedWeight pack(const GroupedWeight& w, Team* team, Arena* arena) {
  if (w.bits == 4 && w.zero != 0 && !w.minimums.empty()) {  // the kernels know 4 bits either with a zero or with minimums
    GroupedWeight folded = w;
    for (std::size_t g = 0; g < w.scales.size(); ++g) folded.minimums[g] -= w.scales[g] * float(w.zero);
    folded.zero = 0;
    return pack(folded, team, arena);
  }
  const int exponent = exponent_for(w);
  const float power = std::ldexp(1.0F, exponent);
  PackedWeight out({.rows = w.rows, .columns = w.columns, .bits = w.bits, .group = w.group, .zero = w.bits == 8 ? 128 : w.zero,
                    .has_minimum = !w.minimums.empty() || (w.bits == 4 && w.zero == 0), .unit = std::ldexp(1.0F, -exponent)},
                   arena);
  const auto pack_panel = [&](std::int64_t index) {
    const PackedWeight::Panel panel = out.panel(index);
    for (std::int64_t row = index * cpu::kPanel; row < std::min((index + 1) * cpu::kPanel, w.rows); ++row) {
      pack_row(w, row, panel.codes);
      pack_halves(w, row, w.scales, power, panel.scales);
      if (!w.minimums.empty()) pack_halves(w, row, w.minimums, power, panel.minimums);
    }
  };
  if (team) team->run(out.panels(), pack_panel);
  else for (std::int64_t panel = 0; panel < out.panels(); ++panel) pack_panel(panel);
  return out;
}

}  // namespace engine

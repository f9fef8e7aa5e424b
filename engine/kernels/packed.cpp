#include "engine/kernels/packed.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "base/float16.h"

namespace engine {
namespace {

constexpr std::int64_t kHugePage = std::int64_t(2) << 20;

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

void pack_halves(const GroupedWeight& w, std::int64_t row, const std::vector<float>& values, float power, std::uint16_t* out) {
  const std::int64_t groups = w.columns / w.group;
  for (std::int64_t g = 0; g < groups; ++g)
    out[(row / cpu::kPanel * groups + g) * cpu::kPanel + row % cpu::kPanel] = base::float_to_half(values[std::size_t(row * groups + g)] * power);
}

}  // namespace

AlignedBytes::AlignedBytes(std::int64_t size) : size_(size) {
  const bool large = size >= 2 * kHugePage;
  const std::int64_t alignment = large ? kHugePage : 64;
  const auto whole = std::size_t((size + alignment - 1) / alignment * alignment);
  if (whole == 0) return;
  void* memory = std::aligned_alloc(std::size_t(alignment), whole);
  if (!memory) throw std::bad_alloc();
  if (large) ::madvise(memory, whole, MADV_HUGEPAGE);  // a wish: without it everything is only slower
  std::memset(memory, 0, std::size_t(size));
  bytes_.reset(static_cast<std::byte*>(memory));
}

cpu::PackedView PackedWeight::view() const {
  return {rows_, columns_, bits_, group_, zero_, unit_, codes_.as<std::uint8_t>(), scales_.as<std::uint16_t>(),
          minimums_.size() > 0 ? minimums_.as<std::uint16_t>() : nullptr};
}

void PackedWeight::row(std::int64_t row, float* out) const {
  const std::int64_t panel = row / cpu::kPanel, r = row % cpu::kPanel, units = columns_ / 32, groups = columns_ / group_;
  for (std::int64_t c = 0; c < columns_; ++c) {
    const std::int64_t in_unit = c % 32;
    const std::uint8_t* unit = codes_.as<std::uint8_t>() + (panel * units + c / 32) * bits_ * 64;
    int code = 0;
    if (bits_ == 8) {
      code = unit[in_unit / 4 * 64 + r * 4 + in_unit % 4];
    } else {
      const int both = unit[in_unit % 16 / 4 * 64 + r * 4 + in_unit % 4];
      code = in_unit < 16 ? both & 15 : both >> 4;
    }
    const std::int64_t at = (panel * groups + c / group_) * cpu::kPanel + r;
    const float minimum = minimums_.size() > 0 ? base::half_to_float(minimums_.as<std::uint16_t>()[at]) : 0;
    out[c] = unit_ * (base::half_to_float(scales_.as<std::uint16_t>()[at]) * float(code - zero_) + minimum);
  }
}

PackedWeight pack(const GroupedWeight& w, Team* team) {
  if (w.bits == 4 && w.zero != 0 && !w.minimums.empty()) {  // the kernels know 4 bits either with a zero or with minimums
    GroupedWeight folded = w;
    for (std::size_t g = 0; g < w.scales.size(); ++g) folded.minimums[g] -= w.scales[g] * float(w.zero);
    folded.zero = 0;
    return pack(folded, team);
  }
  PackedWeight out;
  out.rows_ = w.rows, out.columns_ = w.columns, out.bits_ = w.bits, out.group_ = w.group;
  out.zero_ = w.bits == 8 ? 128 : w.zero;
  const std::int64_t rows = out.panels() * cpu::kPanel, groups = w.columns / w.group, panel_bytes = cpu::kPanel * w.columns * w.bits / 8;
  const int exponent = exponent_for(w);
  const float power = std::ldexp(1.0F, exponent);
  out.unit_ = std::ldexp(1.0F, -exponent);
  out.codes_ = AlignedBytes(rows * w.columns * w.bits / 8);
  out.scales_ = AlignedBytes(rows * groups * 2);
  if (!w.minimums.empty() || (w.bits == 4 && w.zero == 0)) out.minimums_ = AlignedBytes(rows * groups * 2);
  const auto pack_panel = [&](std::int64_t panel) {
    for (std::int64_t row = panel * cpu::kPanel; row < std::min((panel + 1) * cpu::kPanel, w.rows); ++row) {
      pack_row(w, row, out.codes_.as<std::uint8_t>() + panel * panel_bytes);
      pack_halves(w, row, w.scales, power, out.scales_.as<std::uint16_t>());
      if (!w.minimums.empty()) pack_halves(w, row, w.minimums, power, out.minimums_.as<std::uint16_t>());
    }
  };
  if (team) team->run(out.panels(), pack_panel);
  else for (std::int64_t panel = 0; panel < out.panels(); ++panel) pack_panel(panel);
  return out;
}

}  // namespace engine

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

int code_at(const GroupedWeight& w, std::int64_t row, std::int64_t column) {
  if (w.bits == 8) return int(std::int8_t(w.codes[std::size_t(row * w.columns + column)])) + 128;
  const std::uint8_t byte = w.codes[std::size_t(row * w.columns / 2 + column / 32 * 16 + column % 16)];
  return column % 32 < 16 ? byte & 15 : byte >> 4;
}

// The largest power of two by which every scale and minimum can be multiplied and still be a half.
int exponent_for(const GroupedWeight& w) {
  float most = 0;
  for (const float s : w.scales) most = std::max(most, std::abs(s));
  for (const float m : w.minimums) most = std::max(most, std::abs(m));
  if (!(most > 0) || !std::isfinite(most)) return 0;
  return 15 - std::ilogb(most) - 1;
}

// A unit of 32 columns of one panel.
void pack_unit(const GroupedWeight& w, std::int64_t panel, std::int64_t unit, std::uint8_t* out) {
  const std::int64_t here = std::min<std::int64_t>(cpu::kPanel, w.rows - panel * cpu::kPanel);
  for (std::int64_t r = 0; r < here; ++r) {
    const std::int64_t row = panel * cpu::kPanel + r;
    for (int c = 0; c < 32; ++c) {
      const int code = code_at(w, row, unit * 32 + c);
      if (w.bits == 8) out[c / 4 * 64 + r * 4 + c % 4] = std::uint8_t(code);
      else out[c % 16 / 4 * 64 + r * 4 + c % 4] |= std::uint8_t(c < 16 ? code : code << 4);
    }
  }
}

void pack_halves(const GroupedWeight& w, const std::vector<float>& values, int exponent, std::uint16_t* out) {
  const std::int64_t groups = w.columns / w.group;
  for (std::int64_t row = 0; row < w.rows; ++row)
    for (std::int64_t g = 0; g < groups; ++g)
      out[(row / cpu::kPanel * groups + g) * cpu::kPanel + row % cpu::kPanel] =
          base::float_to_half(std::ldexp(values[std::size_t(row * groups + g)], exponent));
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

PackedWeight pack(const GroupedWeight& w) {
  PackedWeight out;
  out.rows_ = w.rows, out.columns_ = w.columns, out.bits_ = w.bits, out.group_ = w.group;
  out.zero_ = w.bits == 8 ? 128 + w.zero : w.zero;
  const std::int64_t rows = out.panels() * cpu::kPanel, units = w.columns / 32, groups = w.columns / w.group;
  const int exponent = exponent_for(w);
  out.unit_ = std::ldexp(1.0F, -exponent);
  out.codes_ = AlignedBytes(rows * w.columns * w.bits / 8);
  out.scales_ = AlignedBytes(rows * groups * 2);
  for (std::int64_t panel = 0; panel < out.panels(); ++panel)
    for (std::int64_t unit = 0; unit < units; ++unit)
      pack_unit(w, panel, unit, out.codes_.as<std::uint8_t>() + (panel * units + unit) * w.bits * 64);
  pack_halves(w, w.scales, exponent, out.scales_.as<std::uint16_t>());
  const bool needs_minimums = w.bits == 4 && w.zero == 0;  // the kernels know 4 bits either with a zero or with minimums
  if (w.bits == 4 && w.zero != 0 && !w.minimums.empty()) {
    GroupedWeight folded = w;
    for (std::size_t g = 0; g < w.scales.size(); ++g) folded.minimums[g] -= w.scales[g] * float(w.zero);
    folded.zero = 0;
    return pack(folded);
  }
  if (w.minimums.empty() && !needs_minimums) return out;
  out.minimums_ = AlignedBytes(rows * groups * 2);
  if (!w.minimums.empty()) pack_halves(w, w.minimums, exponent, out.minimums_.as<std::uint16_t>());
  return out;
}

}  // namespace engine

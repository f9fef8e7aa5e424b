#include "engine/kernels/packed.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/float16.h"
#include "engine/kernels/huge_pages.h"

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

void pack_halves(const GroupedWeight& w, std::int64_t row, const std::vector<float>& values, float power, std::uint16_t* panel) {
  const std::int64_t groups = w.columns / w.group;
  for (std::int64_t g = 0; g < groups; ++g) panel[g * cpu::kPanel + row % cpu::kPanel] = base::float_to_half(values[std::size_t(row * groups + g)] * power);
}

}  // namespace

AlignedBytes::AlignedBytes(std::int64_t size) : size_(size) {
  if (size >= 2 * kHugePage) {  // mapped, so that nobody writes its zeros but the kernel; what stands before the first huge page goes back
    const auto whole = std::size_t((size + kHugePage - 1) / kHugePage * kHugePage), asked = whole + std::size_t(kHugePage);
    void* const start = ::mmap(nullptr, asked, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) throw std::bad_alloc();
    const auto page = std::uintptr_t(kHugePage), from = reinterpret_cast<std::uintptr_t>(start), begin = (from + page - 1) / page * page;
    if (begin > from) ::munmap(start, begin - from);
    if (from + asked > begin + whole) ::munmap(reinterpret_cast<void*>(begin + whole), from + asked - begin - whole);
    bytes_ = std::unique_ptr<std::byte, Free>(reinterpret_cast<std::byte*>(begin), Free(whole));
  } else if (size > 0) {
    const auto whole = std::size_t((size + 63) / 64 * 64);
    void* const memory = std::aligned_alloc(64, whole);
    if (!memory) throw std::bad_alloc();
    std::memset(memory, 0, whole);
    bytes_ = std::unique_ptr<std::byte, Free>(static_cast<std::byte*>(memory), Free());
  }
}

void AlignedBytes::Free::operator()(std::byte* p) const {
  if (mapped > 0) ::munmap(p, mapped);
  else std::free(p);
}

PackedWeight::PackedWeight(const PackedForm& form) : form_(form) {
  const std::int64_t rows = panels() * cpu::kPanel, groups = form.columns / form.group;
  codes_ = AlignedBytes(rows * form.columns * form.bits / 8);
  scales_ = AlignedBytes(rows * groups * 2);
  if (form.has_minimum) minimums_ = AlignedBytes(rows * groups * 2);
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

PackedWeight pack(const GroupedWeight& w, Team* team) {
  if (w.bits == 4 && w.zero != 0 && !w.minimums.empty()) {  // the kernels know 4 bits either with a zero or with minimums
    GroupedWeight folded = w;
    for (std::size_t g = 0; g < w.scales.size(); ++g) folded.minimums[g] -= w.scales[g] * float(w.zero);
    folded.zero = 0;
    return pack(folded, team);
  }
  const int exponent = exponent_for(w);
  const float power = std::ldexp(1.0F, exponent);
  PackedWeight out({.rows = w.rows, .columns = w.columns, .bits = w.bits, .group = w.group, .zero = w.bits == 8 ? 128 : w.zero,
                    .has_minimum = !w.minimums.empty() || (w.bits == 4 && w.zero == 0), .unit = std::ldexp(1.0F, -exponent)});
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
  prefer_huge_pages(out);
  return out;
}

}  // namespace engine

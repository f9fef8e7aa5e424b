// huge_pages.h: the wish that a packed weight's memory come in huge pages, made once the weight is filled.
// The kernel then gathers its small pages in the background: fewer address translations while a decode step streams them. Asked for
// before filling, each huge page is cleared as a whole at the first touch, which on a virtual machine whose host has yet to put memory
// behind it took four times the processor time of small pages (bench/results.md). Pure.
#pragma once

#include "base/mapped_file.h"
#include "engine/kernels/packed.h"

namespace engine {

inline void prefer_huge_pages(const PackedWeight& weight) {
  const cpu::PackedView w = weight.view();
  const auto numbers = std::size_t(weight.panels() * cpu::kPanel * w.columns), halves = numbers / std::size_t(w.group) * 2;
  base::prefer_huge_pages(const_cast<std::uint8_t*>(w.codes), numbers * std::size_t(w.bits) / 8);
  base::prefer_huge_pages(const_cast<std::uint16_t*>(w.scales), halves);
  if (w.minimums) base::prefer_huge_pages(const_cast<std::uint16_t*>(w.minimums), halves);
}

}  // namespace engine

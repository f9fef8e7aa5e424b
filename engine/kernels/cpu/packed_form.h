// packed_form.h: the forms that packed weights have (fused.h's PackedView), as types, and what products over them share.
// with_form(view, work) calls work(Form<...>{}) with the one that the view has. Pure.
#pragma once

#include "engine/kernels/cpu/fused.h"

namespace engine::cpu {
namespace {

constexpr int64_t kAhead = 4096;  // bytes of codes asked for before they are needed
constexpr int kStreaming = 3;     // inputs up to which memory is what a tile waits for

template <int Bits, int Group, bool HasZero, bool HasMinimum>
struct Form {
  static constexpr int kBits = Bits, kGroup = Group, kGroups = kUnit / Group;
  static constexpr int kVectors = Bits;  // of 64 bytes in a unit of a panel
  static constexpr bool kHasZero = HasZero, kHasMinimum = HasMinimum;
};

template <class Work>
void with_form(const PackedView& w, const Work& work) {
  const bool minimum = w.minimums != nullptr, wide = w.group == 32;
  if (w.bits == 8 && wide && !minimum) work(Form<8, 32, true, false>{});
  else if (w.bits == 8 && wide) work(Form<8, 32, true, true>{});
  else if (w.bits == 8 && !minimum) work(Form<8, 16, true, false>{});
  else if (w.bits == 8) work(Form<8, 16, true, true>{});
  else if (wide && !minimum) work(Form<4, 32, true, false>{});
  else if (wide) work(Form<4, 32, false, true>{});
  else if (!minimum) work(Form<4, 16, true, false>{});
  else work(Form<4, 16, false, true>{});
}

}  // namespace
}  // namespace engine::cpu

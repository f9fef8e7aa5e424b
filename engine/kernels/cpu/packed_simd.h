// packed_simd.h: int8 activations times packed weights, over one instruction set's dot product of bytes.
// Dot: Ints (sixteen int32), Codes (64 bytes), zero(), all(int), load(bytes), low(codes), high(codes), floats(Ints), shift(Ints, n),
// and dot<Bits>(sum, codes, four int8): sum[r] += codes[4r .. 4r+3] . x[0 .. 3]. kSigned8: its 8-bit dot takes code - 128 itself.
// A tile is some panels times some inputs: its sums stay in registers while a unit of columns is read once. Pure.
#pragma once

#include "engine/kernels/cpu/fused.h"
#include "engine/kernels/cpu/vec.h"

namespace engine::cpu {
namespace {

constexpr int64_t kAhead = 4096;  // bytes of codes asked for before they are needed

template <int Bits, int Group, bool HasZero, bool HasMinimum>
struct Form {
  static constexpr int kBits = Bits, kGroup = Group, kGroups = kUnit / Group;
  static constexpr int kVectors = Bits;  // of 64 bytes in a unit of a panel
  static constexpr bool kHasZero = HasZero, kHasMinimum = HasMinimum;
};

template <class Dot, class Form, int Panels, int Inputs>
struct Tile {
  const PackedView& w;
  const Int8Rows& x;
  int64_t panel, input;
  int zero_shift;
  Vec sums[Panels][Inputs];

  RIGPILOT_INLINE typename Dot::Ints start(int64_t at, int64_t half) const {
    if constexpr (!Form::kHasZero || (Form::kBits == 8 && Dot::kSigned8)) return Dot::zero();
    else return Dot::shift(Dot::all(Form::kGroups == 1 ? x.minus_sum32[at] : x.minus_sums[2 * at + half]), zero_shift);
  }

  RIGPILOT_INLINE void add_group(int64_t unit, int group, const typename Dot::Ints (&dots)[Panels][Inputs]) {
    const int64_t units = w.columns / kUnit;
    for (int p = 0; p < Panels; ++p) {
      const int64_t at = (((panel + p) * units + unit) * Form::kGroups + group) * kPanel;
      const Vec scales = halves(w.scales + at);
      for (int i = 0; i < Inputs; ++i) sums[p][i] += Dot::floats(dots[p][i]) * (scales * all(x.scales[(input + i) * units + unit]));
      if constexpr (Form::kHasMinimum) {
        const Vec minimums = halves(w.minimums + at);
        for (int i = 0; i < Inputs; ++i) {
          const int64_t of = (input + i) * units + unit;
          sums[p][i] += minimums * all(Form::kGroups == 1 ? x.sum32[of] : x.sums[2 * of + group]);
        }
      }
    }
  }

  // Vectors [first, last) of a unit's codes against the columns they hold.
  template <bool High>
  RIGPILOT_INLINE void dot_columns(int64_t unit, int first, int last, int column, typename Dot::Ints (&dots)[Panels][Inputs]) {
    const int64_t units = w.columns / kUnit;
    for (int k = first; k < last; ++k) {
      typename Dot::Codes codes[Panels];
      for (int p = 0; p < Panels; ++p) {
        const uint8_t* from = w.codes + (((panel + p) * units + unit) * Form::kVectors + k) * 64;
        if (!High) __builtin_prefetch(from + kAhead);
        codes[p] = Dot::load(from);
        if constexpr (Form::kBits == 4) codes[p] = High ? Dot::high(codes[p]) : Dot::low(codes[p]);
      }
      for (int i = 0; i < Inputs; ++i) {
        const int8_t* four = x.codes + (input + i) * w.columns + unit * kUnit + column + 4 * (k - first);
        for (int p = 0; p < Panels; ++p) dots[p][i] = Dot::template dot<Form::kBits>(dots[p][i], codes[p], four);
      }
    }
  }

  RIGPILOT_INLINE void begin(int64_t unit, int half, typename Dot::Ints (&dots)[Panels][Inputs]) const {
    const int64_t units = w.columns / kUnit;
    for (int i = 0; i < Inputs; ++i)
      for (int p = 0; p < Panels; ++p) dots[p][i] = start((input + i) * units + unit, half);
  }

  RIGPILOT_INLINE void add_unit(int64_t unit) {
    typename Dot::Ints dots[Panels][Inputs];
    begin(unit, 0, dots);
    dot_columns<false>(unit, 0, 4, 0, dots);
    if constexpr (Form::kGroups == 2) {
      add_group(unit, 0, dots);
      begin(unit, 1, dots);
    }
    if constexpr (Form::kBits == 4) dot_columns<true>(unit, 0, 4, 16, dots);
    else dot_columns<false>(unit, 4, 8, 16, dots);
    add_group(unit, Form::kGroups - 1, dots);
  }

  RIGPILOT_INLINE void write(float* y, int64_t stride, bool add) const {
    for (int p = 0; p < Panels; ++p)
      for (int i = 0; i < Inputs; ++i) {
        float* out = y + (input + i) * stride + (panel + p) * kPanel;
        const Vec scaled = sums[p][i] * all(w.unit);
        if ((panel + p + 1) * kPanel <= w.rows) {
          store(out, add ? load(out) + scaled : scaled);
        } else {
          for (int r = 0; r < w.rows - (panel + p) * kPanel; ++r) out[r] = (add ? out[r] : 0) + scaled[r];
        }
      }
  }
};

template <class Dot, class Form, int Panels, int Inputs>
void run_tile(const PackedView& w, int64_t panel, const Int8Rows& x, int64_t input, float* y, int64_t stride, bool add) {
  Tile<Dot, Form, Panels, Inputs> tile{w, x, panel, input, w.zero > 0 ? __builtin_ctz(unsigned(w.zero)) : 0, {}};
  for (auto& of_panel : tile.sums)
    for (Vec& sum : of_panel) sum = all(0.0F);
  const int64_t units = w.columns / kUnit;
  for (int64_t unit = 0; unit < units; ++unit) tile.add_unit(unit);
  tile.write(y, stride, add);
}

template <class Dot, class Form, int Panels>
void panels_of(const PackedView& w, int64_t panel, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  constexpr int kMost = Dot::kTile / Panels;
  int64_t i = inputs.begin;
  for (; i + kMost <= inputs.end; i += kMost) run_tile<Dot, Form, Panels, kMost>(w, panel, x, i, y, stride, add);
  for (; kMost > 4 && i + 4 <= inputs.end; i += 4) run_tile<Dot, Form, Panels, 4>(w, panel, x, i, y, stride, add);
  switch (inputs.end - i) {
    case 1: run_tile<Dot, Form, Panels, 1>(w, panel, x, i, y, stride, add); break;
    case 2: run_tile<Dot, Form, Panels, 2>(w, panel, x, i, y, stride, add); break;
    case 3: run_tile<Dot, Form, Panels, 3>(w, panel, x, i, y, stride, add); break;
    default: break;
  }
}

template <class Dot, class Form>
void matmul_of(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  constexpr int kTogether = 2;
  int64_t panel = panels.begin;
  if (inputs.end - inputs.begin > 1)
    for (; panel + kTogether <= panels.end; panel += kTogether) panels_of<Dot, Form, kTogether>(w, panel, x, inputs, y, stride, add);
  for (; panel < panels.end; ++panel) panels_of<Dot, Form, 1>(w, panel, x, inputs, y, stride, add);
}

template <class Dot>
void matmul_any(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  const bool minimum = w.minimums != nullptr, wide = w.group == 32;
  if (w.bits == 8 && wide && !minimum) matmul_of<Dot, Form<8, 32, true, false>>(w, panels, x, inputs, y, stride, add);
  else if (w.bits == 8 && wide) matmul_of<Dot, Form<8, 32, true, true>>(w, panels, x, inputs, y, stride, add);
  else if (w.bits == 8 && !minimum) matmul_of<Dot, Form<8, 16, true, false>>(w, panels, x, inputs, y, stride, add);
  else if (w.bits == 8) matmul_of<Dot, Form<8, 16, true, true>>(w, panels, x, inputs, y, stride, add);
  else if (wide && !minimum) matmul_of<Dot, Form<4, 32, true, false>>(w, panels, x, inputs, y, stride, add);
  else if (wide) matmul_of<Dot, Form<4, 32, false, true>>(w, panels, x, inputs, y, stride, add);
  else if (!minimum) matmul_of<Dot, Form<4, 16, true, false>>(w, panels, x, inputs, y, stride, add);
  else matmul_of<Dot, Form<4, 16, false, true>>(w, panels, x, inputs, y, stride, add);
}

}  // namespace
}  // namespace engine::cpu

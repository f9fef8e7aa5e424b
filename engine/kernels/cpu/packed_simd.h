// packed_simd.h: int8 activations times packed weights, over one instruction set's dot product of bytes.
// Dot: Ints (sixteen int32), Codes (64 bytes), zero(), all(int), load(bytes), low(codes), high(codes), floats(Ints), shift(Ints, n),
// and dot(sum, codes, four int8): sum[r] += codes[4r .. 4r+3] . x[0 .. 3].
// A tile is some panels times some inputs: its sums stay in registers while a unit of columns is read once. Pure.
#pragma once

#include "engine/kernels/cpu/packed_form.h"
#include "engine/kernels/cpu/vec.h"

namespace engine::cpu {
namespace {

// Element `count` strides on, by an address that the compiler cannot see through: it would keep a pointer to each input of each array
// over the whole loop, which are more than there are registers, and their reloads compete with the loads that matter.
template <class T>
RIGPILOT_INLINE const T* hidden(const T* first, int64_t stride, int count) {
  const T* at = first + stride * count;
  asm("" : "+r"(at));
  return at;
}

template <class Dot, class Form, int Panels, int Inputs>
struct Tile {
  using Ints = typename Dot::Ints;
  int64_t columns, units;
  int zero_shift;
  // All at the unit that comes next; of the first panel and the first input.
  const uint8_t* w_codes;
  const uint8_t* next_codes;  // of panels to come
  const uint16_t *w_scales, *w_minimums;
  const int8_t* codes;
  const float *scales, *sums, *sum32;
  const int32_t *minus_sums, *minus_sum32;
  Vec total[Panels][Inputs];

  Tile(const PackedView& w, int64_t panel, const Int8Rows& x, int64_t input)
      : columns(w.columns), units(w.columns / kUnit), zero_shift(w.zero > 0 ? __builtin_ctz(unsigned(w.zero)) : 0) {
    const int64_t unit = panel * units, of = input * units;
    w_codes = w.codes + unit * Form::kVectors * 64;
    next_codes = w_codes + (Panels * units * Form::kVectors + input / Inputs % Form::kVectors) * 64;
    w_scales = w.scales + unit * Form::kGroups * kPanel;
    w_minimums = Form::kHasMinimum ? w.minimums + unit * Form::kGroups * kPanel : nullptr;
    codes = x.codes + input * w.columns;
    scales = x.scales + of, sum32 = x.sum32 + of, sums = x.sums + 2 * of;
    minus_sum32 = x.minus_sum32 + of, minus_sums = x.minus_sums + 2 * of;
    for (auto& of_panel : total)
      for (Vec& sum : of_panel) sum = all(0.0F);
  }

  RIGPILOT_INLINE void next_unit() {
    w_codes += Form::kVectors * 64, next_codes += Form::kVectors * 64;
    w_scales += Form::kGroups * kPanel;
    codes += kUnit, ++scales;
    if constexpr (Form::kGroups == 1) ++minus_sum32, ++sum32;
    else minus_sums += 2, sums += 2;
    if constexpr (Form::kHasMinimum) w_minimums += Form::kGroups * kPanel;
  }

  RIGPILOT_INLINE Ints start(int i, int half) const {
    if constexpr (!Form::kHasZero) return Dot::zero();
    else return Dot::shift(Dot::all(Form::kGroups == 1 ? *hidden(minus_sum32, units, i) : hidden(minus_sums, 2 * units, i)[half]), zero_shift);
  }

  RIGPILOT_INLINE void add_group(int group, const Ints (&dots)[Panels][Inputs]) {
    Vec w_scale[Panels];
    for (int p = 0; p < Panels; ++p) w_scale[p] = halves(hidden(w_scales, units * Form::kGroups * kPanel, p) + group * kPanel);
    for (int i = 0; i < Inputs; ++i) {
      const Vec scale = all(*hidden(scales, units, i));
      for (int p = 0; p < Panels; ++p) total[p][i] += Dot::floats(dots[p][i]) * (w_scale[p] * scale);
    }
    if constexpr (Form::kHasMinimum) {
      for (int p = 0; p < Panels; ++p) {
        const Vec minimums = halves(hidden(w_minimums, units * Form::kGroups * kPanel, p) + group * kPanel);
        for (int i = 0; i < Inputs; ++i) total[p][i] += minimums * all(Form::kGroups == 1 ? *hidden(sum32, units, i) : hidden(sums, 2 * units, i)[group]);
      }
    }
  }

  // Four vectors of a unit's codes, from `first` on, against the sixteen columns they hold.
  template <bool High>
  RIGPILOT_INLINE void dot_columns(int first, int column, Ints (&dots)[Panels][Inputs]) const {
    const uint8_t* from[Panels];
    const int8_t* x[Inputs];
    for (int p = 0; p < Panels; ++p) from[p] = hidden(w_codes, units * Form::kVectors * 64, p) + first * 64;
    for (int i = 0; i < Inputs; ++i) x[i] = hidden(codes, columns, i) + column;
    for (int k = 0; k < 4; ++k) {
      typename Dot::Codes of_panel[Panels];
      for (int p = 0; p < Panels; ++p) {
        if (!High && Inputs <= kStreaming) __builtin_prefetch(from[p] + k * 64 + kAhead);
        of_panel[p] = Dot::load(from[p] + k * 64);
        if constexpr (Form::kBits == 4) of_panel[p] = High ? Dot::high(of_panel[p]) : Dot::low(of_panel[p]);
      }
      for (int i = 0; i < Inputs; ++i)
        for (int p = 0; p < Panels; ++p) dots[p][i] = Dot::dot(dots[p][i], of_panel[p], x[i] + 4 * k);
    }
  }

  RIGPILOT_INLINE void begin(int half, Ints (&dots)[Panels][Inputs]) const {
    for (int i = 0; i < Inputs; ++i)
      for (int p = 0; p < Panels; ++p) dots[p][i] = start(i, half);
  }

  RIGPILOT_INLINE void add_unit() {
    Ints dots[Panels][Inputs];
    // With many inputs the tiles of some panels take turns in asking for the next ones.
    if constexpr (Inputs > kStreaming)
      for (int p = 0; p < Panels; ++p) __builtin_prefetch(hidden(next_codes, units * Form::kVectors * 64, p), 0, 2);
    begin(0, dots);
    dot_columns<false>(0, 0, dots);
    if constexpr (Form::kGroups == 2) {
      add_group(0, dots);
      begin(1, dots);
    }
    if constexpr (Form::kBits == 4) dot_columns<true>(0, 16, dots);
    else dot_columns<false>(4, 16, dots);
    add_group(Form::kGroups - 1, dots);
  }

  RIGPILOT_INLINE void write(const PackedView& w, int64_t panel, float* y, int64_t stride, bool add) const {
    for (int p = 0; p < Panels; ++p)
      for (int i = 0; i < Inputs; ++i) {
        float* out = y + i * stride + (panel + p) * kPanel;
        Vec scaled = total[p][i] * all(w.unit);
        if ((panel + p + 1) * kPanel <= w.rows) {
          if (add) scaled += load(out);
          store(out, scaled);
        } else {
          float rows[kPanel];
          store(rows, scaled);
          for (int64_t r = 0; r < w.rows - (panel + p) * kPanel; ++r) out[r] = (add ? out[r] : 0) + rows[r];
        }
      }
  }
};

// Not to be inlined: one function of all tiles takes the compiler minutes, with sanitizers ten.
template <class Dot, class Form, int Panels, int Inputs>
__attribute__((noinline)) void run_tile(const PackedView& w, int64_t panel, const Int8Rows& x, int64_t input, float* y, int64_t stride, bool add) {
  Tile<Dot, Form, Panels, Inputs> tile(w, panel, x, input);
  for (int64_t unit = tile.units; unit > 0; --unit) {
    tile.add_unit();
    tile.next_unit();
  }
  tile.write(w, panel, y + input * stride, stride, add);
}

// Tiles of Inputs inputs while there are as many, then of fewer: 4, 3, 2, 1.
template <class Dot, class Form, int Panels, int Inputs>
void panels_of(const PackedView& w, int64_t panel, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  int64_t i = inputs.begin;
  for (; i + Inputs <= inputs.end; i += Inputs) run_tile<Dot, Form, Panels, Inputs>(w, panel, x, i, y, stride, add);
  constexpr int kFewer = Inputs > 4 ? 4 : Inputs - 1;
  if constexpr (kFewer > 0)
    if (i < inputs.end) panels_of<Dot, Form, Panels, kFewer>(w, panel, x, {i, inputs.end}, y, stride, add);
}

template <class Dot, class Form>
void matmul_of(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  constexpr int kTogether = 2;
  int64_t panel = panels.begin;
  if (inputs.end - inputs.begin > 1)
    for (; panel + kTogether <= panels.end; panel += kTogether) panels_of<Dot, Form, kTogether, Dot::kTile / kTogether>(w, panel, x, inputs, y, stride, add);
  for (; panel < panels.end; ++panel) panels_of<Dot, Form, 1, Dot::kTile>(w, panel, x, inputs, y, stride, add);
}

template <class Dot>
void matmul_any(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  with_form(w, [&](auto form) { matmul_of<Dot, decltype(form)>(w, panels, x, inputs, y, stride, add); });
}

}  // namespace
}  // namespace engine::cpu

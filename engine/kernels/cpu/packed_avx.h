// packed_avx.h: int8 activations times packed weights in registers of 256 bits, for AVX2 and for AVX-VNNI, which has the dot product of four
// bytes as one instruction. AVX2 has it as pairs that are summed in 16 bits: with codes of 4 bits the pairs of a whole unit fit, so that
// only their sum is widened; a code of 8 bits takes the sign of x, since a pair of codes without a sign would not fit. Pure.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/packed_form.h"
#include "engine/kernels/cpu/vec.h"

namespace engine::cpu {
namespace {

constexpr int64_t kSoon = 1024;   // bytes of codes asked for before they are needed: with 4,096 decoding is 7 % slower here
constexpr int64_t kNear = 24576;  // bytes of inputs that panels pass one after the other
constexpr int kMostInputs = 4;    // of a tile: their sums for both halves of a panel fill eight registers of sixteen

RIGPILOT_INLINE __m256i four_everywhere(const int8_t* x) {
  int32_t four;
  __builtin_memcpy(&four, x, 4);
  return _mm256_set1_epi32(four);
}
RIGPILOT_INLINE __m256 floats_of_halves(const uint16_t* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }

// A sum in its register: compilers put sums in another order, all products first, which are more than there are registers.
RIGPILOT_INLINE __m256i kept(__m256i sum) {
  asm("" : "+x"(sum));
  return sum;
}

enum class Nibble { Low, High };

// Dot products of codes with four bytes of x, for eight rows: what is summed, how codes are made ready for all inputs, and the sums as ints.
#ifdef __AVXVNNI__
struct NibbleDot {
  static __m256i add(__m256i sums, __m256i codes, __m256i x) { return _mm256_dpbusd_avx_epi32(sums, codes, x); }
  static __m256i ints(__m256i sums) { return sums; }
};
struct ByteDot {
  static constexpr bool kSigned = false;
  __m256i codes;
  explicit ByteDot(__m256i c) : codes(c) {}
  __m256i add(__m256i sums, __m256i x) const { return _mm256_dpbusd_avx_epi32(sums, codes, x); }
};
#else
struct NibbleDot {
  static __m256i add(__m256i sums, __m256i codes, __m256i x) { return kept(_mm256_add_epi16(sums, _mm256_maddubs_epi16(codes, x))); }  // up to 16 x 15 x 127
  static __m256i ints(__m256i sums) { return _mm256_madd_epi16(sums, _mm256_set1_epi16(1)); }
};
struct ByteDot {
  static constexpr bool kSigned = true;  // it takes code - 128 itself
  __m256i plain, sizes;
  explicit ByteDot(__m256i c) : plain(_mm256_xor_si256(c, _mm256_set1_epi8(char(0x80)))), sizes(_mm256_abs_epi8(plain)) {}
  __m256i add(__m256i sums, __m256i x) const {
    return kept(_mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(sizes, _mm256_sign_epi8(x, plain)), _mm256_set1_epi16(1))));
  }
};
#endif

// A panel times some inputs.
template <class Form, int Inputs>
struct Tile {
  using Sums = __m256i[2][Inputs];  // of rows 0 .. 7 and 8 .. 15
  static constexpr bool kSubtractsZero = Form::kHasZero && !(Form::kBits == 8 && ByteDot::kSigned);
  int64_t columns, units;
  // All at the unit that comes next; of the first input.
  const uint8_t* w_codes;
  const uint16_t *w_scales, *w_minimums;
  const int8_t* codes;
  const float *scales, *sums;
  __m256 zero;
  __m256 total[2][Inputs];

  Tile(const PackedView& w, int64_t panel, const Int8Rows& x, int64_t input) : columns(w.columns), units(w.columns / kUnit), zero(_mm256_set1_ps(float(w.zero))) {
    const int64_t unit = panel * units, group = unit * Form::kGroups;
    w_codes = w.codes + unit * Form::kBits * 64;
    w_scales = w.scales + group * kPanel;
    w_minimums = Form::kHasMinimum ? w.minimums + group * kPanel : nullptr;
    codes = x.codes + input * columns;
    scales = x.scales + input * units;
    sums = (Form::kGroups == 1 ? x.sum32 : x.sums) + input * units * Form::kGroups;
    for (auto& half : total)
      for (__m256& sum : half) sum = _mm256_setzero_ps();
  }

  RIGPILOT_INLINE void next_unit() {
    w_codes += Form::kBits * 64, w_scales += Form::kGroups * kPanel;
    if constexpr (Form::kHasMinimum) w_minimums += Form::kGroups * kPanel;
    codes += kUnit, ++scales, sums += Form::kGroups;
  }

  RIGPILOT_INLINE __m256i codes_at(int vector, int half) const { return _mm256_load_si256(reinterpret_cast<const __m256i*>(w_codes + vector * 64) + half); }

  template <Nibble Part>
  RIGPILOT_INLINE void add_nibbles(int vector, Sums& dots) const {
    __m256i part[2];
    for (int h = 0; h < 2; ++h)
      part[h] = _mm256_and_si256(Part == Nibble::High ? _mm256_srli_epi16(codes_at(vector, h), 4) : codes_at(vector, h), _mm256_set1_epi8(15));
    for (int i = 0; i < Inputs; ++i) {
      const __m256i x = four_everywhere(codes + i * columns + 4 * vector + (Part == Nibble::High ? 16 : 0));
      for (int h = 0; h < 2; ++h) dots[h][i] = NibbleDot::add(dots[h][i], part[h], x);
    }
  }

  RIGPILOT_INLINE void add_bytes(int vector, Sums& dots) const {
    const ByteDot bytes[2] = {ByteDot(codes_at(vector, 0)), ByteDot(codes_at(vector, 1))};
    for (int i = 0; i < Inputs; ++i) {
      const __m256i x = four_everywhere(codes + i * columns + 4 * vector);
      for (int h = 0; h < 2; ++h) dots[h][i] = bytes[h].add(dots[h][i], x);
    }
  }

  RIGPILOT_INLINE void dot_group(int group, Sums& dots) const {
    for (auto& half : dots)
      for (__m256i& sum : half) sum = _mm256_setzero_si256();
    if constexpr (Form::kBits == 8) {
#pragma GCC unroll 8
      for (int k = 0; k < 8 / Form::kGroups; ++k) add_bytes(4 * group + k, dots);
    } else {
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        if (Form::kGroups == 1 || group == 0) add_nibbles<Nibble::Low>(k, dots);
        if (Form::kGroups == 1 || group == 1) add_nibbles<Nibble::High>(k, dots);
      }
      for (auto& half : dots)
        for (__m256i& sum : half) sum = NibbleDot::ints(sum);
    }
  }

  RIGPILOT_INLINE void add_group(int group) {
    Sums dots;
    dot_group(group, dots);
    __m256 w_scale[2], minimum[2];
    for (int h = 0; h < 2; ++h) {
      w_scale[h] = floats_of_halves(w_scales + group * kPanel + 8 * h);
      if constexpr (Form::kHasMinimum) minimum[h] = floats_of_halves(w_minimums + group * kPanel + 8 * h);
    }
    for (int i = 0; i < Inputs; ++i) {
      const __m256 scale = _mm256_broadcast_ss(scales + i * units), sum = _mm256_broadcast_ss(sums + i * units * Form::kGroups + group);
      for (int h = 0; h < 2; ++h) {
        __m256 value = _mm256_cvtepi32_ps(dots[h][i]);
        value = kSubtractsZero ? _mm256_fmsub_ps(value, scale, _mm256_mul_ps(zero, sum)) : _mm256_mul_ps(value, scale);
        total[h][i] = _mm256_fmadd_ps(value, w_scale[h], total[h][i]);
        if constexpr (Form::kHasMinimum) total[h][i] = _mm256_fmadd_ps(minimum[h], sum, total[h][i]);
      }
    }
  }

  RIGPILOT_INLINE void write(const PackedView& w, int64_t panel, float* y, int64_t stride, bool add) const {
    for (int i = 0; i < Inputs; ++i)
      for (int h = 0; h < 2; ++h) {
        const int64_t row = panel * kPanel + 8 * h;
        float* out = y + i * stride + row;
        const __m256 scaled = _mm256_mul_ps(total[h][i], _mm256_set1_ps(w.unit));
        if (row + 8 <= w.rows) {
          _mm256_storeu_ps(out, add ? _mm256_add_ps(scaled, _mm256_loadu_ps(out)) : scaled);
        } else {
          float rows[8];
          _mm256_storeu_ps(rows, scaled);
          for (int64_t r = 0; r < w.rows - row; ++r) out[r] = (add ? out[r] : 0) + rows[r];
        }
      }
  }
};

template <class Form, int Inputs>
void run_tile(const PackedView& w, int64_t panel, const Int8Rows& x, int64_t input, float* y, int64_t stride, bool add) {
  Tile<Form, Inputs> tile(w, panel, x, input);
  for (int i = 0; i < Inputs; ++i) __builtin_prefetch(y + (input + i) * stride + panel * kPanel, 1);  // else what is stored meanwhile would wait
  for (int64_t unit = tile.units; unit > 0; --unit) {
    if constexpr (Inputs <= kStreaming)
      for (int k = 0; k < Form::kBits; ++k) __builtin_prefetch(tile.w_codes + k * 64 + kSoon);
    for (int group = 0; group < Form::kGroups; ++group) tile.add_group(group);
    tile.next_unit();
  }
  tile.write(w, panel, y + input * stride, stride, add);
}

template <class Form>
void inputs_of(const PackedView& w, int64_t panel, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  int64_t i = inputs.begin;
  for (; i + kMostInputs <= inputs.end; i += kMostInputs) run_tile<Form, kMostInputs>(w, panel, x, i, y, stride, add);
  switch (inputs.end - i) {
    case 1: run_tile<Form, 1>(w, panel, x, i, y, stride, add); break;
    case 2: run_tile<Form, 2>(w, panel, x, i, y, stride, add); break;
    case 3: run_tile<Form, 3>(w, panel, x, i, y, stride, add); break;
    default: break;
  }
}

// All panels pass some inputs, which stay in the nearest cache, before the next ones.
template <class Form>
void matmul_of(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  const int64_t fit = kNear / w.columns / kMostInputs * kMostInputs, together = fit > kMostInputs ? fit : kMostInputs;
  for (int64_t begin = inputs.begin; begin < inputs.end; begin += together) {
    const Range some{begin, inputs.end < begin + together ? inputs.end : begin + together};
    for (int64_t panel = panels.begin; panel < panels.end; ++panel) inputs_of<Form>(w, panel, x, some, y, stride, add);
  }
}

void matmul_avx(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  with_form(w, [&](auto form) { matmul_of<decltype(form)>(w, panels, x, inputs, y, stride, add); });
}

}  // namespace
}  // namespace engine::cpu

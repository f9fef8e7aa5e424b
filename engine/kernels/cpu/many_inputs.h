// many_inputs.h: 4-bit weights times a prompt's many inputs, over AVX-512's dot product of bytes (fused.h says what matmul_many gives).
// Two panels of some columns become bytes once and serve all inputs: w = scale * (byte - 128), a scale for each row and 256 columns.
// So no half-bytes are taken apart in the inner loop, and of a unit's sums only the input's scale is left to apply: 395 in place of
// 330 GOP/s on one thread of Zen 4. Rounding a weight to 1/127 of the largest of its 256 adds a third to what rounding inputs costs.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/fused.h"
#include "engine/kernels/cpu/vec.h"

namespace engine::cpu {
namespace {

constexpr int kBlockUnits = 8;                 // 256 columns that share a weight's scale
constexpr int64_t kMostUnits = 64;             // of two panels at once: 64 kB of bytes, in the second-level cache
constexpr int64_t kMostBlocks = kMostUnits / kBlockUnits;

struct Bytes {
  alignas(64) uint8_t codes[2 * kMostUnits * kUnit * kPanel];  // [unit][four columns][panel][64]: bytes 4r .. 4r+3 belong to row r
  Vec scales[kMostBlocks][2];
};

// What a group's weights are: code * scale + least, in `unit`s.
struct Line {
  Vec scale, least;
};

RIGPILOT_INLINE Line line_of(const PackedView& w, int64_t panel, int64_t group) {
  const int64_t at = (panel * (w.columns / w.group) + group) * kPanel;
  const Vec scale = halves(w.scales + at);
  return {scale, (w.minimums ? halves(w.minimums + at) : all(0.0F)) - scale * all(float(w.zero))};
}

// Sixteen-bit lanes: a code's byte is (code * factor + offset) / 256, so that rounding and the 128 are in the offset.
struct Rounding {
  __m512i factor, offset;
};

RIGPILOT_INLINE __m512i twice(IntVec v) { return __m512i((v & 0xFFFF) | v << 16); }

RIGPILOT_INLINE Rounding rounding_of(const Line& line, Vec inverse) {
  const IntVec factor = IntVec(_mm512_cvtps_epi32(__m512(line.scale * inverse * all(256.0F))));
  const IntVec offset = IntVec(_mm512_cvtps_epi32(__m512(line.least * inverse * all(256.0F)))) + (128 * 256 + 128);
  return {twice(factor), twice(offset)};
}

// 64 codes, those of even and of odd places in 16-bit lanes of their own.
RIGPILOT_INLINE __m512i bytes_of(__m512i even, __m512i odd, const Rounding& r) {
  even = _mm512_add_epi16(_mm512_mullo_epi16(even, r.factor), r.offset);
  odd = _mm512_add_epi16(_mm512_mullo_epi16(odd, r.factor), r.offset);
  return _mm512_or_si512(_mm512_srli_epi16(even, 8), _mm512_andnot_si512(_mm512_set1_epi16(255), odd));
}

// Panel `index` of `Panels`, from `unit` on.
template <int Panels>
void make_bytes(const PackedView& w, int64_t panel, int index, int64_t unit, int64_t units, Bytes& out) {
  const int groups = kUnit / w.group;
  const __m512i fifteen = _mm512_set1_epi16(15);
  for (int64_t first = 0; first < units; first += kBlockUnits) {
    const int64_t end = first + kBlockUnits < units ? first + kBlockUnits : units;
    Vec most = all(0.0F), probe = all(0.0F);
    for (int64_t g = (unit + first) * groups; g < (unit + end) * groups; ++g) {
      const Line line = line_of(w, panel, g);
      most = larger(most, larger(size(line.least), size(Vec(_mm512_fmadd_ps(__m512(line.scale), _mm512_set1_ps(15), __m512(line.least))))));
      probe += line.least - line.least;  // zero, or NaN where something is not finite
    }
    out.scales[first / kBlockUnits][index] = (most + probe) * all(w.unit / 127);
    const Vec inverse = most > all(0x1p-60F) ? all(127.0F) / most : all(0.0F);
    for (int64_t u = first; u < end; ++u) {
      const uint8_t* in = w.codes + (panel * (w.columns / kUnit) + unit + u) * 4 * 64;
      uint8_t* bytes = out.codes + (u * 8 * Panels + index) * 64;
      const Rounding low = rounding_of(line_of(w, panel, (unit + u) * groups), inverse);
      const Rounding high = groups == 1 ? low : rounding_of(line_of(w, panel, (unit + u) * groups + 1), inverse);
      for (int k = 0; k < 4; ++k) {
        const __m512i both = _mm512_load_si512(in + k * 64);
        const __m512i even = _mm512_and_si512(both, fifteen), odd = _mm512_and_si512(_mm512_srli_epi16(both, 8), fifteen);
        _mm512_store_si512(bytes + k * Panels * 64, bytes_of(even, odd, low));
        const __m512i even_high = _mm512_and_si512(_mm512_srli_epi16(both, 4), fifteen), odd_high = _mm512_srli_epi16(both, 12);
        _mm512_store_si512(bytes + (4 + k) * Panels * 64, bytes_of(even_high, odd_high, high));
      }
    }
  }
}

// One instruction, its sum in place: what compilers make of the intrinsic copies sums about.
RIGPILOT_INLINE void add_dots(__m512i& sums, __m512i codes, __m512i x) { asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(codes), "v"(x)); }

// total[i][p]: input + i times the panel's bytes of `units` units, from `unit` on.
template <int Panels, int Inputs>
RIGPILOT_INLINE void add_tile(const Bytes& bytes, int64_t units, const Int8Rows& x, int64_t input, int64_t unit, Vec (&total)[Inputs][Panels]) {
  const int64_t stride = x.columns, all_units = x.columns / kUnit;
  const uint8_t* w = bytes.codes;
  const int8_t* codes = x.codes + input * stride + unit * kUnit;
  const float* scales = x.scales + input * all_units + unit;
  const int32_t* minus_sums = x.minus_sum32 + input * all_units + unit;
  const auto sums = [](const auto& body) RIGPILOT_INLINED {
    each<Inputs>([&](auto i) RIGPILOT_INLINED { each<Panels>([&](auto p) RIGPILOT_INLINED { body(i, p); }); });
  };
  sums([&](auto i, auto p) RIGPILOT_INLINED { total[i][p] = all(0.0F); });
  for (int64_t first = 0; first < units; first += kBlockUnits) {
    const int64_t end = first + kBlockUnits < units ? first + kBlockUnits : units;
    Vec part[Inputs][Panels];
    sums([&](auto i, auto p) RIGPILOT_INLINED { part[i][p] = all(0.0F); });
    for (int64_t u = first; u < end; ++u) {
      __m512i dots[Inputs][Panels];
      sums([&](auto i, auto p) RIGPILOT_INLINED { dots[i][p] = _mm512_set1_epi32(minus_sums[i * all_units] * 128); });  // what the bytes have too much
#pragma GCC unroll 2
      for (int k = 0; k < 8; ++k) {
        __m512i c[Panels];
        each<Panels>([&](auto p) RIGPILOT_INLINED { c[p] = _mm512_load_si512(w + (k * Panels + p) * 64); });
        each<Inputs>([&](auto i) RIGPILOT_INLINED {
          int32_t four;
          __builtin_memcpy(&four, codes + i * stride + 4 * k, 4);
          const __m512i everywhere = _mm512_set1_epi32(four);
          each<Panels>([&](auto p) RIGPILOT_INLINED { add_dots(dots[i][p], c[p], everywhere); });
        });
      }
      sums([&](auto i, auto p) RIGPILOT_INLINED { part[i][p] += Vec(_mm512_cvtepi32_ps(dots[i][p])) * all(scales[i * all_units]); });
      w += 8 * Panels * 64, codes += kUnit, ++scales, ++minus_sums;
    }
    sums([&](auto i, auto p) RIGPILOT_INLINED { total[i][p] += part[i][p] * bytes.scales[first / kBlockUnits][p]; });
  }
}

template <int Panels, int Inputs>
void many_tile(const PackedView& w, int64_t panel, const Bytes& bytes, int64_t unit, int64_t units, const Int8Rows& x, int64_t input, float* y, int64_t stride, bool add) {
  Vec total[Inputs][Panels];
  add_tile<Panels, Inputs>(bytes, units, x, input, unit, total);
  each<Panels>([&](auto p) RIGPILOT_INLINED {
    const int64_t rows = w.rows - (panel + p) * kPanel;
    const __mmask16 there = rows >= kPanel ? __mmask16(0xFFFF) : __mmask16((1U << rows) - 1);
    each<Inputs>([&](auto i) RIGPILOT_INLINED {
      float* out = y + (input + i) * stride + (panel + p) * kPanel;
      const __m512 before = add ? _mm512_maskz_loadu_ps(there, out) : _mm512_setzero_ps();
      _mm512_mask_storeu_ps(out, there, __m512(total[i][p] + Vec(before)));
    });
  });
}

template <int Panels>
void many_panels(const PackedView& w, int64_t panel, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  Bytes bytes;
  const int64_t all_units = w.columns / kUnit;
  for (int64_t unit = 0; unit < all_units; unit += kMostUnits) {
    const int64_t units = all_units - unit < kMostUnits ? all_units - unit : kMostUnits;
    for (int p = 0; p < Panels; ++p) make_bytes<Panels>(w, panel + p, p, unit, units, bytes);
    const bool onto = add || unit > 0;
    int64_t i = inputs.begin;
    for (; i + 6 <= inputs.end; i += 6) many_tile<Panels, 6>(w, panel, bytes, unit, units, x, i, y, stride, onto);
    switch (inputs.end - i) {
      case 1: many_tile<Panels, 1>(w, panel, bytes, unit, units, x, i, y, stride, onto); break;
      case 2: many_tile<Panels, 2>(w, panel, bytes, unit, units, x, i, y, stride, onto); break;
      case 3: many_tile<Panels, 3>(w, panel, bytes, unit, units, x, i, y, stride, onto); break;
      case 4: many_tile<Panels, 4>(w, panel, bytes, unit, units, x, i, y, stride, onto); break;
      case 5: many_tile<Panels, 5>(w, panel, bytes, unit, units, x, i, y, stride, onto); break;
      default: break;
    }
  }
}

void matmul_many_inputs(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add) {
  int64_t panel = panels.begin;
  for (; panel + 2 <= panels.end; panel += 2) many_panels<2>(w, panel, x, inputs, y, stride, add);
  if (panel < panels.end) many_panels<1>(w, panel, x, inputs, y, stride, add);
}

}  // namespace
}  // namespace engine::cpu

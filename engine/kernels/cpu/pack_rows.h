// pack_rows.h: a weight's rows on their way from a file into panels: floats rounded to blocks, blocks interleaved sixteen rows at a time.
// Written over vec.h; each processor's file includes it and fills its table with it (fused.h says what each function gives). Pure.
#pragma once

#include "engine/kernels/cpu/fused.h"
#include "engine/kernels/cpu/vec.h"

namespace engine::cpu {
namespace {

typedef uint32_t Four __attribute__((vector_size(16)));

// Four rows' sixteen bytes: vector k of the panel gets bytes 4k .. 4k+3 of each.
RIGPILOT_INLINE void transpose_four(const uint8_t* const (&rows)[4], int64_t at, Four flip, uint8_t* out) {
  Four r[4];
  for (int i = 0; i < 4; ++i) {
    __builtin_memcpy(&r[i], rows[i] + at, sizeof r[i]);
    r[i] ^= flip;
  }
  const Four a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5), b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
  const Four c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7), d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  const Four columns[4] = {__builtin_shufflevector(a, b, 0, 1, 4, 5), __builtin_shufflevector(a, b, 2, 3, 6, 7),
                           __builtin_shufflevector(c, d, 0, 1, 4, 5), __builtin_shufflevector(c, d, 2, 3, 6, 7)};
  for (int k = 0; k < 4; ++k) __builtin_memcpy(out + k * 64, &columns[k], sizeof columns[k]);
}

template <int Bits, bool HasMinimum>
void interleave_as(const BlockRows& in, uint8_t* codes, uint16_t* scales, uint16_t* minimums) {
  constexpr int64_t kCodesAt = HasMinimum ? 4 : 2, kBlock = kCodesAt + 4 * Bits;
  static const uint8_t kNothing[kBlock] = {};
  const Four flip = Four{} + (Bits == 8 ? 0x80808080U : 0U);
  for (int64_t unit = 0; unit < in.units; ++unit) {
    const uint8_t* rows[kPanel];
    for (int r = 0; r < kPanel; ++r) rows[r] = in.rows[r] ? in.rows[r] + unit * kBlock : kNothing;
    for (int r = 0; r < kPanel; r += 4) {
      const uint8_t* const four[4] = {rows[r], rows[r + 1], rows[r + 2], rows[r + 3]};
      for (int part = 0; part < Bits / 4; ++part) transpose_four(four, kCodesAt + 16 * part, flip, codes + part * 256 + r * 4);
    }
    codes += Bits * 64;
    for (int r = 0; r < kPanel; ++r) __builtin_memcpy(scales + unit * kPanel + r, rows[r], 2);
    if constexpr (HasMinimum)
      for (int r = 0; r < kPanel; ++r) __builtin_memcpy(minimums + unit * kPanel + r, rows[r] + 2, 2);
  }
}

void interleave_rows(const BlockRows& in, uint8_t* codes, uint16_t* scales, uint16_t* minimums) {
  if (in.bits == 8) in.has_minimum ? interleave_as<8, true>(in, codes, scales, minimums) : interleave_as<8, false>(in, codes, scales, minimums);
  else in.has_minimum ? interleave_as<4, true>(in, codes, scales, minimums) : interleave_as<4, false>(in, codes, scales, minimums);
}

// ---- rounding ----------------------------------------------------------------------------------------------------------------

template <FloatKind Kind>
RIGPILOT_INLINE Vec floats_at(const void* row, int64_t at) {
  if constexpr (Kind == FloatKind::F32) {
    return load(static_cast<const float*>(row) + at);
  } else if constexpr (Kind == FloatKind::F16) {
    return halves(static_cast<const uint16_t*>(row) + at);
  } else {
    return Vec(widened(static_cast<const uint16_t*>(row) + at) << 16);
  }
}

RIGPILOT_INLINE IntVec nearest(Vec v) { return IntVec(BitVec(v + all(12582912.0F)) - all_bits(0x4B400000U)); }  // |v| < 2^22
RIGPILOT_INLINE Vec between(Vec v, float least, float most) {
  v = where(v < all(least), all(least), v);
  return where(v > all(most), all(most), v);
}

// Sixteen blocks at a time, so that their scales are one vector.
template <FloatKind Kind, int Bits>
uint32_t round_row_as(const void* row, int64_t units, float unit, uint8_t* blocks) {
  constexpr int64_t kCodesAt = Bits == 8 ? 2 : 4, kBlock = kCodesAt + 4 * Bits;
  IntVec worst = {};
  for (int64_t first = 0; first < units; first += kWidth) {
    const int count = units - first < kWidth ? int(units - first) : kWidth;
    float most[kWidth] = {}, least[kWidth] = {};
    for (int i = 0; i < count; ++i) {
      const Vec low = floats_at<Kind>(row, (first + i) * kUnit), high = floats_at<Kind>(row, (first + i) * kUnit + kWidth);
      const IntVec a = IntVec(size(low)), b = IntVec(size(high));
      worst = larger(larger(a, b), worst);
      if constexpr (Bits == 8) {
        most[i] = largest(larger(size(low), size(high)));
      } else {
        most[i] = largest(larger(low, high));
        least[i] = -largest(larger(-low, -high));
      }
    }
    uint16_t scale_halves[kWidth], minimum_halves[kWidth];
    store_halves(scale_halves, (load(most) - load(least)) * all(1.0F / (Bits == 8 ? 127 : 15) / unit));
    store_halves(minimum_halves, load(least) * all(1 / unit));
    const Vec scale = halves(scale_halves) * all(unit), minimum = halves(minimum_halves) * all(unit);
    float inverses[kWidth], minimums[kWidth];
    store(inverses, where(scale > all(0.0F), all(1.0F) / scale, all(0.0F)));
    store(minimums, minimum);
    for (int i = 0; i < count; ++i) {
      uint8_t* block = blocks + (first + i) * kBlock;
      const Vec low = floats_at<Kind>(row, (first + i) * kUnit), high = floats_at<Kind>(row, (first + i) * kUnit + kWidth);
      const Vec inverse = all(inverses[i]);
      __builtin_memcpy(block, scale_halves + i, 2);
      if constexpr (Bits == 8) {
        const ByteVec codes[2] = {low_bytes(nearest(between(low * inverse, -127, 127))), low_bytes(nearest(between(high * inverse, -127, 127)))};
        __builtin_memcpy(block + 2, codes, sizeof codes);
      } else {
        const Vec from = all(minimums[i]);
        const IntVec a = nearest(between((low - from) * inverse, 0, 15)), b = nearest(between((high - from) * inverse, 0, 15));
        const ByteVec codes = low_bytes(a | b << 4);
        __builtin_memcpy(block + 2, minimum_halves + i, 2);
        __builtin_memcpy(block + 4, &codes, sizeof codes);
      }
    }
  }
  return uint32_t(largest(worst));
}

template <FloatKind Kind>
uint32_t round_row_of(const void* row, int64_t units, int bits, float unit, uint8_t* blocks) {
  return bits == 8 ? round_row_as<Kind, 8>(row, units, unit, blocks) : round_row_as<Kind, 4>(row, units, unit, blocks);
}

uint32_t round_row_any(const void* row, FloatKind kind, int64_t units, int bits, float unit, uint8_t* blocks) {
  switch (kind) {
    case FloatKind::F32: return round_row_of<FloatKind::F32>(row, units, bits, unit, blocks);
    case FloatKind::F16: return round_row_of<FloatKind::F16>(row, units, bits, unit, blocks);
    case FloatKind::BF16: break;
  }
  return round_row_of<FloatKind::BF16>(row, units, bits, unit, blocks);
}

}  // namespace
}  // namespace engine::cpu

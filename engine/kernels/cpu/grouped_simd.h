// grouped_simd.h: the grouped kernels over one vector type; each processor's file includes it after defining its Simd.
// Simd: Floats, kWidth (divides 16), load, store, set, zero, add, mul, fma, sum, and codes<Bits>(bytes, zero, Floats[32 / kWidth]).
// Everything is in an anonymous namespace, so that each file has its own compilation. Never allocates.
//
// A unit is 32 columns: 16 bytes of 4-bit codes or 32 of 8-bit ones. The minimum of a group costs one multiplication a group
// rather than one a weight: sum of (scale * code + minimum) * x = scale * sum of code * x + minimum * (sum of x).
#pragma once

#include "engine/kernels/cpu/grouped_view.h"

namespace engine::cpu {
namespace {

constexpr int kUnit = 32;
constexpr int kMostInputs = 8;        // rows of x in one pass over the weights: their sums stay in registers
constexpr int64_t kAhead = 2048;      // bytes of codes asked for before they are needed
constexpr int64_t kMostGroups = 512;  // groups whose sums of x are held on the stack: 16 KB

struct Chunk {  // units [begin, end) of every row
  int64_t begin, end;
};

template <class Simd, int Count>
struct Inputs {
  const float* x;  // Count rows of `columns`
  int64_t columns;
  float sums[Count][kMostGroups];  // of x over each group of the chunk
};

template <class Simd, int Count>
void sum_groups(Inputs<Simd, Count>& in, Chunk chunk, int group) {
  for (int i = 0; i < Count; ++i) {
    const float* x = in.x + i * in.columns + chunk.begin * kUnit;
    const int64_t groups = (chunk.end - chunk.begin) * kUnit / group;
    for (int64_t g = 0; g < groups; ++g, x += group) {
      auto sum = Simd::load(x);
      for (int k = Simd::kWidth; k < group; k += Simd::kWidth) sum = Simd::add(sum, Simd::load(x + k));
      in.sums[i][g] = Simd::sum(sum);
    }
  }
}

template <class Simd>
float dot(const float* a, const float* b, int64_t count) {
  auto sum = Simd::zero();
  int64_t i = 0;
  for (; i + Simd::kWidth <= count; i += Simd::kWidth) sum = Simd::fma(Simd::load(a + i), Simd::load(b + i), sum);
  float total = Simd::sum(sum);
  for (; i < count; ++i) total += a[i] * b[i];
  return total;
}

// One unit of one row against every input.
template <class Simd, int Bits, int Group, int Count>
inline __attribute__((always_inline)) void add_unit(const uint8_t* codes, const float* scales, int zero, const float* x, int64_t columns,
                                                    typename Simd::Floats (&sums)[Count]) {
  constexpr int kVectors = kUnit / Simd::kWidth, kGroups = kUnit / Group, kInGroup = kVectors / kGroups;
  typename Simd::Floats w[kVectors];
  Simd::template codes<Bits>(codes, zero, w);
  for (int g = 0; g < kGroups; ++g) {
    const auto scale = Simd::set(scales[g]);
    if constexpr (Count <= 2) {  // scale the sum
      for (int i = 0; i < Count; ++i) {
        const float* at = x + i * columns + g * Group;
        auto part = Simd::mul(w[g * kInGroup], Simd::load(at));
        for (int k = 1; k < kInGroup; ++k) part = Simd::fma(w[g * kInGroup + k], Simd::load(at + k * Simd::kWidth), part);
        sums[i] = Simd::fma(scale, part, sums[i]);
      }
    } else {  // scale the weights, once for all inputs
      for (int k = 0; k < kInGroup; ++k) {
        const auto scaled = Simd::mul(w[g * kInGroup + k], scale);
        for (int i = 0; i < Count; ++i) sums[i] = Simd::fma(scaled, Simd::load(x + i * columns + g * Group + k * Simd::kWidth), sums[i]);
      }
    }
  }
}

// `Together` rows at a time: two hide the latency of the sums where there are few inputs.
template <class Simd, int Bits, int Group, int Count, int Together>
void few_rows(const GroupedView& w, int64_t row, const Inputs<Simd, Count>& in, Chunk chunk, float* y) {
  constexpr int64_t kUnitBytes = kUnit * Bits / 8, kUnitGroups = kUnit / Group;
  const int64_t units = w.columns / kUnit;
  typename Simd::Floats sums[Together][Count];
  for (auto& of_row : sums)
    for (auto& sum : of_row) sum = Simd::zero();
  for (int64_t unit = chunk.begin; unit < chunk.end; ++unit)
    for (int r = 0; r < Together; ++r) {
      const int64_t at = (row + r) * units + unit;
      __builtin_prefetch(w.codes + at * kUnitBytes + kAhead);
      add_unit<Simd, Bits, Group, Count>(w.codes + at * kUnitBytes, w.scales + at * kUnitGroups, w.zero, in.x + unit * kUnit, in.columns, sums[r]);
    }
  for (int r = 0; r < Together; ++r)
    for (int i = 0; i < Count; ++i) {
      float total = Simd::sum(sums[r][i]);
      if (w.minimums)
        total += dot<Simd>(w.minimums + ((row + r) * units + chunk.begin) * kUnitGroups, in.sums[i], (chunk.end - chunk.begin) * kUnitGroups);
      float& out = y[i * w.rows + row + r];
      out = chunk.begin == 0 ? total : out + total;
    }
}

template <class Simd, int Bits, int Group, int Count>
void matmul_of(const GroupedView& w, Rows rows, const float* x, float* y) {
  constexpr int kTogether = Count <= 2 ? 2 : 1;
  constexpr int64_t kMostUnits = kMostGroups * Group / kUnit;
  const int64_t units = w.columns / kUnit;
  Inputs<Simd, Count> in;
  in.x = x;
  in.columns = w.columns;
  for (Chunk chunk{0, 0}; chunk.begin < units; chunk.begin = chunk.end) {
    chunk.end = units - chunk.begin < kMostUnits ? units : chunk.begin + kMostUnits;
    if (w.minimums) sum_groups<Simd, Count>(in, chunk, Group);
    int64_t row = rows.first;
    for (; row + kTogether <= rows.last; row += kTogether) few_rows<Simd, Bits, Group, Count, kTogether>(w, row, in, chunk, y);
    for (; row < rows.last; ++row) few_rows<Simd, Bits, Group, Count, 1>(w, row, in, chunk, y);
  }
}

template <class Simd, int Bits, int Group>
void matmul_counted(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y) {
  for (; count > 0; count -= kMostInputs, x += kMostInputs * w.columns, y += kMostInputs * w.rows) switch (count) {
      case 1: matmul_of<Simd, Bits, Group, 1>(w, rows, x, y); break;
      case 2: matmul_of<Simd, Bits, Group, 2>(w, rows, x, y); break;
      case 3: matmul_of<Simd, Bits, Group, 3>(w, rows, x, y); break;
      case 4: matmul_of<Simd, Bits, Group, 4>(w, rows, x, y); break;
      case 5: matmul_of<Simd, Bits, Group, 5>(w, rows, x, y); break;
      case 6: matmul_of<Simd, Bits, Group, 6>(w, rows, x, y); break;
      case 7: matmul_of<Simd, Bits, Group, 7>(w, rows, x, y); break;
      default: matmul_of<Simd, Bits, Group, 8>(w, rows, x, y); break;
    }
}

template <class Simd>
void matmul_any(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y) {
  if (w.bits == 8 && w.group == 32) matmul_counted<Simd, 8, 32>(w, rows, x, count, y);
  else if (w.bits == 8) matmul_counted<Simd, 8, 16>(w, rows, x, count, y);
  else if (w.group == 32) matmul_counted<Simd, 4, 32>(w, rows, x, count, y);
  else matmul_counted<Simd, 4, 16>(w, rows, x, count, y);
}

// No fused multiply-add here: the result is compared bit for bit.
template <class Simd, int Bits>
void expand_of(const GroupedView& w, Rows rows, float* out) {
  constexpr int kVectors = kUnit / Simd::kWidth;
  const int64_t first = rows.first * w.columns, last = rows.last * w.columns;
  typename Simd::Floats codes[kVectors];
  for (int64_t at = first; at < last; at += kUnit) {
    Simd::template codes<Bits>(w.codes + at * Bits / 8, w.zero, codes);
    for (int k = 0; k < kVectors; ++k, out += Simd::kWidth) {
      const int64_t group = (at + k * Simd::kWidth) / w.group;
      const auto scaled = Simd::mul(codes[k], Simd::set(w.scales[group]));
      Simd::store(out, w.minimums ? Simd::add(scaled, Simd::set(w.minimums[group])) : scaled);
    }
  }
}

template <class Simd>
void expand_any(const GroupedView& w, Rows rows, float* out) {
  if (w.bits == 8) expand_of<Simd, 8>(w, rows, out);
  else expand_of<Simd, 4>(w, rows, out);
}

}  // namespace
}  // namespace engine::cpu

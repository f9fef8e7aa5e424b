// kernels.h: the table of hot loops: one entry a kernel, one implementation a processor, chosen once at run time.
// kernels() gives the best this CPU runs; reference_kernels() the plain loops every other one is tested against.
// Kernels are pure functions over caller's memory, never allocate, and may run at once on disjoint outputs.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/kernels/cpu/fused.h"
#include "engine/quant/grouped.h"

namespace engine {

struct Kernels {
  std::string_view name;  // "reference", "portable", "avx2", "avxvnni", "avx512", "avx512vnni"

  // y[i, row] = sum over columns of w[row, column] * x[i, column], for rows [first, last) of w and `count` rows of x.
  // x: [count, columns] f32, contiguous. y: [count, rows] f32, contiguous; only columns [first, last) are written.
  void (*grouped_matmul)(const GroupedWeight& w, std::int64_t first, std::int64_t last, const float* x, std::int64_t count, float* y);

  // Rows [first, first + count) as floats; bit for bit the same in every table. engine::expand() calls the best one.
  void (*grouped_expand)(const GroupedWeight& w, std::int64_t first, std::int64_t count, float* out);

  // The loops of the decode step: int8 activations, packed weights, attention over the cache.
  const cpu::Fused* fused;
};

const Kernels& kernels();
const Kernels& reference_kernels();

// Every table that this CPU can run, the best last: for tests and measurements.
std::span<const Kernels* const> runnable_kernels();

}  // namespace engine

// grouped_view.h: a GroupedWeight as plain pointers, and the entries of each processor's file.
// The files compiled for one instruction set include this and no library header: an inline function of the library built
// with AVX-512 could be the one the linker keeps for the whole program.
// The pointers belong to the caller.
#pragma once

#include <stdint.h>

namespace engine::cpu {

struct GroupedView {
  int64_t rows, columns;
  int bits, group, zero;
  const uint8_t* codes;
  const float* scales;
  const float* minimums;  // or null
};

// As Kernels::grouped_matmul and grouped_expand.
struct Rows {
  int64_t first, last;
};
void matmul_portable(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y);
void matmul_avx2(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y);
void matmul_avx512(const GroupedView& w, Rows rows, const float* x, int64_t count, float* y);
void expand_portable(const GroupedView& w, Rows rows, float* out);
void expand_avx2(const GroupedView& w, Rows rows, float* out);
void expand_avx512(const GroupedView& w, Rows rows, float* out);

}  // namespace engine::cpu

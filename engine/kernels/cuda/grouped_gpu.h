// grouped_gpu.h: the grouped kernels on an NVIDIA or AMD device, behind plain C so that any compiler may call them.
// Fill GroupedGpuWeight with pointers into the device's memory (the layout of engine/quant/grouped.h); launches go to `stream`
// (a cudaStream_t or hipStream_t; null: the default one) and are not waited for.
// Each function returns 0, or the runtime's error number, which rigpilot_gpu_error() puts into words. Any thread.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GroupedGpuWeight {
  int64_t rows, columns;  // columns % 32 == 0
  int bits, group, zero;
  const uint8_t* codes;
  const float* scales;
  const float* minimums;  // or null
} GroupedGpuWeight;

// y[i, row] = sum over columns of w[row, column] * x[i, column]. x: [count, columns] f32; y: [count, rows] f32; count <= 8.
int rigpilot_gpu_grouped_matmul(const GroupedGpuWeight* w, const float* x, int count, float* y, void* stream);

// Rows [first, first + count) as floats, row-major into `out`; bit for bit what engine::expand() gives.
int rigpilot_gpu_grouped_expand(const GroupedGpuWeight* w, int64_t first, int64_t count, float* out, void* stream);

const char* rigpilot_gpu_error(int error);

#ifdef __cplusplus
}
#endif

// One source for nvcc and hipcc (C++20, no libtorch). Weights are read once, as whole words, and expanded in registers, so a
// device without int8 matrix units (gfx1030) runs them as well. One warp (or wavefront) computes one row: lane l of 32 takes
// every 32nd column of a unit of 32, which makes its codes and inputs neighbours of the next lane's.
#include "engine/kernels/cuda/grouped_gpu.h"

#ifdef __HIP__
#include <hip/hip_runtime.h>
using Stream = hipStream_t;
static int last_error() { return int(hipGetLastError()); }
#define SHUFFLE_DOWN(value, by) __shfl_down(value, by, 32)
#else
#include <cuda_runtime.h>
using Stream = cudaStream_t;
static int last_error() { return int(cudaGetLastError()); }
#define SHUFFLE_DOWN(value, by) __shfl_down_sync(0xFFFFFFFFU, value, by, 32)
#endif

namespace {

constexpr int kLanes = 32;
constexpr int kRowsInBlock = 8;
constexpr int kMostInputs = 8;

// The code of column 32 * unit + lane, less the zero.
__device__ int code_at(const GroupedGpuWeight& w, int64_t unit, int lane) {
  if (w.bits == 8) return int8_t(w.codes[unit * 32 + lane]) - w.zero;
  const uint8_t both = w.codes[unit * 16 + lane % 16];
  return (lane < 16 ? both & 15 : both >> 4) - w.zero;
}

// Two roundings, never a fused one: the CPU's expand() gives the same bits. (HIP's intrinsics are plain operators, which is
// why hipcc gets -ffp-contract=off.)
__device__ float weight_at(const GroupedGpuWeight& w, int64_t unit, int lane) {
  const int64_t group = (unit * 32 + lane) / w.group;
  const float scaled = __fmul_rn(w.scales[group], float(code_at(w, unit, lane)));
  return w.minimums ? __fadd_rn(scaled, w.minimums[group]) : scaled;
}

template <int Count>
__global__ void matmul(GroupedGpuWeight w, const float* x, float* y) {
  const int lane = int(threadIdx.x);
  const int64_t row = int64_t(blockIdx.x) * kRowsInBlock + threadIdx.y;
  if (row >= w.rows) return;
  const int64_t units = w.columns / 32;
  float sums[Count] = {};
  for (int64_t unit = 0; unit < units; ++unit) {
    const float weight = weight_at(w, row * units + unit, lane);
    for (int i = 0; i < Count; ++i) sums[i] = fmaf(weight, x[i * w.columns + unit * 32 + lane], sums[i]);
  }
  for (int i = 0; i < Count; ++i) {
    for (int by = kLanes / 2; by > 0; by /= 2) sums[i] += SHUFFLE_DOWN(sums[i], by);
    if (lane == 0) y[i * w.rows + row] = sums[i];
  }
}

__global__ void expand(GroupedGpuWeight w, int64_t first_unit, int64_t units, float* out) {
  const int64_t unit = int64_t(blockIdx.x) * kRowsInBlock + threadIdx.y;
  if (unit < units) out[unit * 32 + threadIdx.x] = weight_at(w, first_unit + unit, int(threadIdx.x));
}

constexpr int kInvalid = 1;  // cudaErrorInvalidValue and hipErrorInvalidValue

bool bad(const GroupedGpuWeight* w) {
  return !w || w->rows < 1 || w->columns < 32 || w->columns % 32 != 0 || (w->bits != 4 && w->bits != 8) || (w->group != 16 && w->group != 32);
}
unsigned blocks_for(int64_t rows) { return unsigned((rows + kRowsInBlock - 1) / kRowsInBlock); }

template <int Count>
void launch(const GroupedGpuWeight& w, const float* x, int count, float* y, Stream stream) {
  if constexpr (Count <= kMostInputs) {
    if (count == Count) matmul<Count><<<blocks_for(w.rows), dim3(kLanes, kRowsInBlock), 0, stream>>>(w, x, y);
    else launch<Count + 1>(w, x, count, y, stream);
  }
}

}  // namespace

extern "C" int rigpilot_gpu_grouped_matmul(const GroupedGpuWeight* w, const float* x, int count, float* y, void* stream) {
  if (bad(w) || count < 1 || count > kMostInputs) return kInvalid;
  launch<1>(*w, x, count, y, static_cast<Stream>(stream));
  return last_error();
}

extern "C" int rigpilot_gpu_grouped_expand(const GroupedGpuWeight* w, int64_t first, int64_t count, float* out, void* stream) {
  if (bad(w) || first < 0 || count < 1 || count > w->rows - first) return kInvalid;
  const int64_t units = w->columns / 32;
  expand<<<blocks_for(count * units), dim3(kLanes, kRowsInBlock), 0, static_cast<Stream>(stream)>>>(*w, first * units, count * units, out);
  return last_error();
}

extern "C" const char* rigpilot_gpu_error(int error) {
#ifdef __HIP__
  return hipGetErrorString(hipError_t(error));
#else
  return cudaGetErrorString(cudaError_t(error));
#endif
}

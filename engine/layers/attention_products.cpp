#include "engine/layers/attention_products.h"

#include "engine/layers/tile_products.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace engine {

#ifdef __x86_64__
namespace {

#define RIGPILOT_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

constexpr std::int64_t kLane = 16;

// R rows of C, W lanes wide, in registers from first to last.
template <int R, int W>
RIGPILOT_BF16 void tile(const Product& p, const Bf16* a, const Bf16* b, float* c) {
  __m512 sums[R][W];
  for (int r = 0; r < R; ++r)
    for (int w = 0; w < W; ++w) sums[r][w] = p.adds ? _mm512_loadu_ps(c + r * p.c_stride + w * kLane) : _mm512_setzero_ps();
  for (std::int64_t k = 0; k < p.inner; k += 2, a += 2, b += 2 * p.b_stride) {
    __m512bh right[W];
    for (int w = 0; w < W; ++w) right[w] = (__m512bh)_mm512_loadu_si512(b + w * 2 * kLane);
    for (int r = 0; r < R; ++r) {
      int pair;
      __builtin_memcpy(&pair, a + r * p.a_stride, sizeof(pair));
      const auto left = (__m512bh)_mm512_set1_epi32(pair);
      for (int w = 0; w < W; ++w) sums[r][w] = _mm512_dpbf16_ps(sums[r][w], left, right[w]);
    }
  }
  for (int r = 0; r < R; ++r)
    for (int w = 0; w < W; ++w) _mm512_storeu_ps(c + r * p.c_stride + w * kLane, sums[r][w]);
}

template <int W>
RIGPILOT_BF16 void columns(const Product& p, const Bf16* a, const Bf16* b, float* c) {
  std::int64_t r = 0;
  for (; r + 6 <= p.rows; r += 6) tile<6, W>(p, a + r * p.a_stride, b, c + r * p.c_stride);
  for (; r + 4 <= p.rows; r += 4) tile<4, W>(p, a + r * p.a_stride, b, c + r * p.c_stride);
  for (; r < p.rows; ++r) tile<1, W>(p, a + r * p.a_stride, b, c + r * p.c_stride);
}

}  // namespace

bool can_multiply() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

void multiply(const Product& p, const Bf16* a, const Bf16* b, float* c) {
  if (can_tile() && fits_tiles(p)) return multiply_by_tiles(p, a, b, c);
  std::int64_t first = 0;
  for (; first + 4 * kLane <= p.columns; first += 4 * kLane) columns<4>(p, a, b + 2 * first, c + first);
  for (; first < p.columns; first += kLane) columns<1>(p, a, b + 2 * first, c + first);
}

#else

bool can_multiply() { return false; }
void multiply(const Product&, const Bf16*, const Bf16*, float*) {}

#endif

}  // namespace engine

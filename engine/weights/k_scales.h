// k_scales.h: the packed scales of ggml's K formats, for the two readers of their blocks.
// k_scale(scales, j) for Q4_K and Q5_K, q3_scale(scales, j) for Q3_K; `scales` points at the block's 12 bytes of them.
// Pure. Source: ggml-quants.c, get_scale_min_k4 and dequantize_row_q3_K.
#pragma once

#include <cstdint>

namespace engine {

struct KScale {
  int scale, minimum;
};
inline KScale k_scale(const std::uint8_t* s, int j) {  // six bits each
  if (j < 4) return {s[j] & 63, s[j + 4] & 63};
  return {(s[j + 4] & 15) | ((s[j - 4] >> 6) << 4), (s[j + 4] >> 4) | ((s[j] >> 6) << 4)};
}

inline int q3_scale(const std::uint8_t* s, int j) {  // four low bits in bytes 0-7, two high ones in bytes 8-11
  const int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4;
  return (low | (((s[8 + j % 4] >> (j / 4 * 2)) & 3) << 4)) - 32;
}

}  // namespace engine

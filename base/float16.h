// float16.h: the bits of IEEE half and bfloat16 numbers as floats, exactly, and back to the nearest (ties to even).
// Pure functions; for readers and writers of weights. Hot loops use the processor's own conversions.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace base {

inline float bfloat16_to_float(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t(bits) << 16); }

inline float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000) << 16, magnitude = bits & 0x7FFF;
  if (magnitude >= 0x7C00) return std::bit_cast<float>(sign | 0x7F800000u | (magnitude & 0x3FF) << 13);  // infinity, NaN
  if (magnitude < 0x0400) {  // zero and subnormals: a whole multiple of 2^-24
    const float value = float(magnitude) * 0x1.0p-24f;
    return sign ? -value : value;
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + (112u << 23)));
}

// The nearest half, ties to even; infinity beyond 65504.
inline std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value), magnitude = bits & 0x7FFFFFFF;
  const auto sign = std::uint16_t(bits >> 16 & 0x8000);
  if (magnitude > 0x7F800000) return std::uint16_t(sign | 0x7E00);   // NaN
  if (magnitude >= 0x477FF000) return std::uint16_t(sign | 0x7C00);  // infinity
  if (magnitude < 0x38800000) {  // a multiple of 2^-24: adding 1/2 leaves just those bits of the sum
    const float sum = std::bit_cast<float>(magnitude) + 0.5f;
    return std::uint16_t(sign | (std::bit_cast<std::uint32_t>(sum) - std::bit_cast<std::uint32_t>(0.5f)));
  }
  return std::uint16_t(sign | ((magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x38000000) >> 13));
}

// The nearest bfloat16, ties to even.
inline std::uint16_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return std::uint16_t(bits >> 16 | 64);  // NaN stays NaN
  return std::uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// The half stored at `p`, which need not be aligned.
inline float half_at(const std::uint8_t* p) {
  std::uint16_t bits;
  std::memcpy(&bits, p, sizeof(bits));
  return half_to_float(bits);
}

}  // namespace base

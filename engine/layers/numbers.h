// numbers.h: bf16 as a number's upper 16 bits, and an exponential that loops over many numbers can be made vectors of.
// For the loops of training (gradient_loops.cpp, attention_loops.cpp). Pure.
#pragma once

#include <bit>
#include <cstdint>

#include "engine/layers/clones.h"

namespace engine {

using Bf16 = std::uint16_t;

RIGPILOT_INLINE float wide(Bf16 x) { return std::bit_cast<float>(std::uint32_t(x) << 16); }
RIGPILOT_INLINE float wide(float x) { return x; }
RIGPILOT_INLINE void put(Bf16& into, float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  into = Bf16((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);  // to nearest, ties to even
}
RIGPILOT_INLINE void put(float& into, float x) { into = x; }

// 2^(x log2 e): the whole part into the exponent, the rest by a polynomial; within 3e-7 of exp(x) near 0.
RIGPILOT_INLINE float exp_of(float x) {
  constexpr float kRounds = 12582912.0F;  // 1.5 * 2^23: a sum with it has no place for a fraction, and its last bits are the whole number
  const float scaled = (x > -87.0F ? x : -87.0F) * 1.44269504F;
  const float shifted = scaled + kRounds, rest = scaled - (shifted - kRounds);
  const float high = (1.5403530e-4F * rest + 1.3333558e-3F) * rest + 9.6181291e-3F;  // written out: vectors are made of straight lines only
  const float power = (((high * rest + 5.5504109e-2F) * rest + 2.4022651e-1F) * rest + 6.9314718e-1F) * rest + 1.0F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(power) + (std::bit_cast<std::uint32_t>(shifted) << 23));
}

}  // namespace engine

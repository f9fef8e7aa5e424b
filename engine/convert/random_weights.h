// random_weights.h: random bytes that are weights of any stored type, about as fast as a disk takes them.
// RandomWeights random(seed); random.fill(type, deviation, bytes) with whole blocks, as often as one likes.
// The same seed and calls give the same bytes on every machine. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/formats/gguf.h"

namespace engine {

class RandomWeights {
 public:
  explicit RandomWeights(std::uint64_t seed);

  // Weights of mean 0 and this standard deviation: normal in F32, F16 and BF16, uniform codes in Q8_0, Q4_0, Q4_1 and Q4_K.
  void fill(base::GgmlType type, float deviation, std::span<std::byte> out);

 private:
  static constexpr std::size_t kTable = 1 << 16;
  std::uint64_t next();
  template <class T, class Convert>
  void fill_floats(std::span<std::byte> out, float deviation, Convert convert);
  void fill_block(base::GgmlType type, float deviation, std::byte* block, std::size_t size);

  std::uint64_t state_;
  std::unique_ptr<std::array<float, kTable>> normal_;  // draws of a standard normal distribution
};

}  // namespace engine

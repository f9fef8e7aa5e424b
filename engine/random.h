// random.h: random numbers that are the same on every machine and library: what is drawn for the n-th piece of a corpus, or the
// n-th token of a seeded request, must never change; the standard library's distributions differ. A value; one thread.
// Random random(seed_of(a, b, c)); then uniform(), below(), chance(), between(). SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace engine {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  double uniform() { return double(next() >> 11) * 0x1.0p-53; }                                // [0, 1)
  std::size_t below(std::size_t count) { return count == 0 ? 0 : std::size_t(next() % count); }  // [0, count)
  std::size_t between(std::size_t least, std::size_t most) { return least + below(most - least + 1); }
  bool chance(double probability) { return uniform() < probability; }
  // 1 to most, short ones as likely as long ones: the logarithm is uniform.
  std::size_t log_uniform(std::size_t most) {
    const double value = std::exp(uniform() * std::log(double(most) + 1));
    return std::clamp<std::size_t>(std::size_t(value), 1, std::max<std::size_t>(most, 1));
  }

 private:
  std::uint64_t state_;
};

// One seed of several numbers.
inline std::uint64_t seed_of(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t seed = 0;
  for (const std::uint64_t part : parts) seed = Random(seed ^ part).next();
  return seed;
}

}  // namespace engine

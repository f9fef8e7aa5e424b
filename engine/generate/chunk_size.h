// chunk_size.h: how many prompt tokens to compute before looking at the stop token again.
// next() gives the size; measured() tells how long the last one took. Aims at a fixed time, so that a cancelled request
// frees the engine equally soon with a small model and a large one. A value; pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace engine {

class ChunkSize {
 public:
  ChunkSize(std::int64_t first, std::int64_t most, double target_ms) : size_(first), most_(most), target_ms_(target_ms) {}

  std::int64_t next() const { return size_; }

  void measured(std::int64_t tokens, double ms) {
    if (tokens < size_) return;  // the rest of a prompt says little
    if (ms > target_ms_ * 1.5) size_ = std::max(kLeast, size_ / 2);
    else if (ms < target_ms_ * 0.6) size_ = std::min(most_, size_ * 2);
  }

 private:
  static constexpr std::int64_t kLeast = 32;  // fewer share the work of reading every weight among too few

  std::int64_t size_, most_;
  double target_ms_;
};

}  // namespace engine

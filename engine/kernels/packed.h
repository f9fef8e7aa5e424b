// packed.h: a quantised matrix as the decode loop streams it: 16 rows together, scales as halves (engine/kernels/cpu/fused.h).
// pack() repacks a GroupedWeight once at load; view() is what the kernels take; row() is the same matrix as an embedding table.
// Nearly lossless: codes stay; scales and minimums are rounded to IEEE half, in units of a power of two chosen for the matrix so
// that nothing overflows (those of Q8_0, Q4_0 and Q4_1 are halves already and stay exact). Movable, immutable once made, any thread.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "engine/kernels/cpu/fused.h"
#include "engine/quant/grouped.h"
#include "engine/threads/team.h"

namespace engine {

// Memory for a kernel: 64-byte aligned, and on huge pages where it is large (fewer address translations while streaming).
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::int64_t size);  // zeroed

  template <class T>
  T* as() const { return reinterpret_cast<T*>(bytes_.get()); }
  std::int64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::int64_t size_ = 0;
};

class PackedWeight {
 public:
  PackedWeight() = default;

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t panels() const { return (rows_ + cpu::kPanel - 1) / cpu::kPanel; }
  std::int64_t bytes() const { return codes_.size() + scales_.size() + minimums_.size(); }
  cpu::PackedView view() const;
  void row(std::int64_t row, float* out) const;  // `columns` floats
  void scale(float factor) { unit_ *= factor; }   // every weight

  friend PackedWeight pack(const GroupedWeight& weight, Team* team);

 private:
  std::int64_t rows_ = 0, columns_ = 0;
  int bits_ = 8, group_ = 32, zero_ = 0;
  float unit_ = 1;
  AlignedBytes codes_, scales_, minimums_;
};

// On the team's threads where there is one.
PackedWeight pack(const GroupedWeight& weight, Team* team = nullptr);

}  // namespace engine

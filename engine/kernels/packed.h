// packed.h: a quantised matrix as the decode loop streams it: 16 rows together, scales as halves (engine/kernels/cpu/fused.h).
// pack() repacks a GroupedWeight once at load; view() is what the kernels take; row() is the same matrix as an embedding table.
// Nearly lossless: codes stay; scales and minimums are rounded to IEEE half, in units of a power of two chosen for the matrix so
// that nothing overflows (those of Q8_0, Q4_0 and Q4_1 are halves already and stay exact). Movable, immutable once made, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "engine/kernels/cpu/fused.h"
#include "engine/quant/grouped.h"
#include "engine/threads/team.h"

namespace engine {

// Memory for a kernel: 64-byte aligned, and on huge pages where it is large (fewer address translations while streaming). Zero at
// first: large memory by the kernel's own doing, page by page as it is touched.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::int64_t size);

  template <class T>
  T* as() const { return reinterpret_cast<T*>(bytes_.get()); }
  std::int64_t size() const { return size_; }

 private:
  struct Free {
    explicit Free(std::size_t bytes) : mapped(bytes) {}
    Free() : Free(0) {}
    std::size_t mapped;  // 0: of the heap
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::int64_t size_ = 0;
};

// What a packed weight is apart from its numbers.
struct PackedForm {
  std::int64_t rows = 0, columns = 0;
  int bits = 8, group = 32, zero = 0;  // of 8 bits, the zero is 128
  bool has_minimum = false;
  float unit = 1;
};

class PackedWeight {
 public:
  PackedWeight() = default;
  explicit PackedWeight(const PackedForm& form);  // to be filled panel by panel

  std::int64_t rows() const { return form_.rows; }
  std::int64_t columns() const { return form_.columns; }
  std::int64_t panels() const { return (form_.rows + cpu::kPanel - 1) / cpu::kPanel; }
  std::int64_t bytes() const { return codes_.size() + scales_.size() + minimums_.size(); }
  cpu::PackedView view() const;
  void row(std::int64_t row, float* out) const;  // `columns` floats
  void scale(float factor) { form_.unit *= factor; }   // every weight

  struct Panel {
    std::uint8_t* codes;
    std::uint16_t* scales;
    std::uint16_t* minimums;  // or null
  };
  Panel panel(std::int64_t index);

 private:
  PackedForm form_;
  AlignedBytes codes_, scales_, minimums_;
};

// On the team's threads where there is one.
PackedWeight pack(const GroupedWeight& weight, Team* team = nullptr);

}  // namespace engine

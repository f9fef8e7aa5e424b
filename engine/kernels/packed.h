// packed.h: a quantised matrix as the decode loop streams it: 16 rows together, scales as halves (engine/kernels/cpu/fused.h).
// pack() repacks a GroupedWeight once at load; view() is what the kernels take; row() is the same matrix as an embedding table.
// Nearly lossless: codes stay; scales and minimums are rounded to IEEE half, in units of a power of two chosen for the matrix so
// that nothing overflows (those of Q8_0, Q4_0 and Q4_1 are halves already and stay exact). Movable, immutable once made, any thread.
#pragma once

#include <cstdint>
#include <utility>

#include "engine/kernels/arena.h"
#include "engine/kernels/cpu/fused.h"
#include "engine/quant/grouped.h"
#include "engine/threads/team.h"

namespace engine {

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
  explicit PackedWeight(const PackedForm& form, Arena* arena = nullptr);  // to be filled panel by panel; in the arena, or in memory of its own

  std::int64_t rows() const { return form_.rows; }
  std::int64_t columns() const { return form_.columns; }
  int bits() const { return form_.bits; }
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

// On the team's threads and in the arena where there are.
PackedWeight pack(const GroupedWeight& weight, Team* team = nullptr, Arena* arena = nullptr);

}  // namespace engine

// int8_buffer.h: memory for int8 activations (cpu::Int8Rows), made once and filled by Fused::quantize.
// resize() before a step: keeps what is there when it is large enough, so a decode loop does not allocate. Movable; one owner.
#pragma once

#include "engine/kernels/packed.h"

namespace engine {

class Int8Buffer {
 public:
  const cpu::Int8Rows& resize(std::int64_t rows, std::int64_t columns) {
    const std::int64_t units = columns / cpu::kUnit, codes = (rows * columns + 63) / 64 * 64, numbers = (rows * units * 4 + 63) / 64 * 64;
    if (codes + 8 * numbers > bytes_.size()) bytes_ = AlignedBytes(codes + 8 * numbers);
    std::byte* at = bytes_.as<std::byte>();
    const auto take = [&](std::int64_t size) { return std::exchange(at, at + size); };
    rows_.columns = columns;
    rows_.codes = reinterpret_cast<std::int8_t*>(take(codes));
    rows_.scales = reinterpret_cast<float*>(take(numbers));
    rows_.minus_sums = reinterpret_cast<std::int32_t*>(take(2 * numbers));
    rows_.minus_sum32 = reinterpret_cast<std::int32_t*>(take(numbers));
    rows_.sums = reinterpret_cast<float*>(take(2 * numbers));
    rows_.sum32 = reinterpret_cast<float*>(take(numbers));
    return rows_;
  }
  const cpu::Int8Rows& rows() const { return rows_; }

 private:
  AlignedBytes bytes_;
  cpu::Int8Rows rows_{};
};

}  // namespace engine

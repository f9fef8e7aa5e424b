// grouped.h: a quantised matrix: n-bit codes, a scale and a minimum for each group of columns; every format becomes this.
//   w[row, column] = scale[row, group] * (code[row, column] - zero) + minimum[row, group]
// repack() takes a GGUF tensor over losslessly (expand() gives bit for bit what the gguf package's dequantiser gives);
// quantize() makes one from floats. The buffers are the kernels' layout: codes of a row contiguous, groups in order.
// A value; immutable once made; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/formats/gguf.h"
#include "base/result.h"

namespace engine {

struct GroupedWeight {
  std::int64_t rows = 0, columns = 0;
  // 8: one signed code a byte. 4: unsigned codes, two a byte: of each 32 columns, byte i holds column i in its low half and
  // column i + 16 in its high half.
  int bits = 8;
  int group = 32;  // columns a scale serves: 32 or 16; columns % 32 == 0
  int zero = 0;    // the code that stands for 0 (before the minimum): 8 where 4-bit codes are really -8 .. 7; always 0 for 8 bits
  std::vector<std::uint8_t> codes;
  std::vector<float> scales;    // rows * columns / group
  std::vector<float> minimums;  // as scales, or empty where every minimum is zero

  std::int64_t bytes() const {
    return std::int64_t(codes.size() + (scales.size() + minimums.size()) * sizeof(float));
  }
};

// Whether repack() knows this type (the block-quantised ones).
bool can_repack(base::GgmlType type);

// A matrix as a file stores it. `order`, where not empty, says which row of the file each row of the result is: GGUF permutes
// query and key rows, and some files hold several matrices in one.
struct StoredMatrix {
  base::GgmlType type = base::GgmlType::F32;
  std::span<const std::byte> bytes;
  std::int64_t rows = 0, columns = 0;  // of the file
  std::span<const std::int64_t> order = {};
};

base::Result<GroupedWeight> repack(const StoredMatrix& matrix, int threads);
base::Result<GroupedWeight> repack(base::GgmlType type, std::span<const std::byte> bytes, std::int64_t rows,
                                   std::int64_t columns, std::span<const std::int64_t> row_order = {});

// Round-to-nearest into 8 bits (symmetric) or 4 bits (scale and minimum), groups of 32: of a file's matrix of any type that
// dequantize() knows, row by row, or of row-major floats. The error names the first row that holds no number.
base::Result<GroupedWeight> quantize(const StoredMatrix& matrix, int bits, int threads);
base::Result<GroupedWeight> quantize(std::span<const float> weights, std::int64_t rows, std::int64_t columns, int bits);

// Rows [first, first + count) as floats, row-major into `out` (count * columns of them).
void expand(const GroupedWeight& weight, std::int64_t first, std::int64_t count, float* out);

}  // namespace engine

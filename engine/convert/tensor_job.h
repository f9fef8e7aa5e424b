// tensor_job.h: one tensor on its way into a GGUF file: from where, in which order, and as what.
// encode_job_rows(job, first, last, out, sums) for rows of it at a time; several threads may do so at once, each with sums of its own.
// Borrows the source's views. Errors name the row.
#pragma once

#include <string>
#include <vector>

#include "engine/weights/source.h"

namespace engine {

struct TensorJob {
  std::vector<const WeightView*> views{};  // one; or one a row, stacked; none where `values` are what is written
  std::string name;
  std::vector<std::int64_t> shape;         // as the file will have it, outermost first
  base::GgmlType type = base::GgmlType::F32;
  std::vector<std::int64_t> rows{};        // row r of the result is row rows[r] of the source; empty: in order
  bool transposed = false;                 // the source has [columns, rows]
  float more = 0;                          // added to each number
  std::vector<float> values{};

  // A vector is taken as a column of rows of one number where an order of rows is given, otherwise as one row.
  bool is_column() const { return shape.size() == 1 && !rows.empty(); }
  std::int64_t columns() const { return shape.empty() || is_column() ? 1 : shape.back(); }
  std::int64_t count() const;
  std::int64_t row_count() const { return columns() > 0 ? count() / columns() : 0; }
};

// Squares of what quantising changed, and of the weights that were quantised.
struct ErrorSums {
  double off = 0, all = 0;
};

std::size_t row_bytes(base::GgmlType type, std::int64_t columns);
base::Result<void> encode_job_rows(const TensorJob& job, std::int64_t first, std::int64_t last, std::byte* out, ErrorSums& sums);

}  // namespace engine

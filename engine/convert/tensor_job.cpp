#include "engine/convert/tensor_job.h"

#include <algorithm>

#include "engine/quant/encode.h"
#include "engine/weights/gguf_blocks.h"

namespace engine {
namespace {

// Columns [first, last) of the source as rows, one after the other.
base::Result<std::vector<float>> turned(const TensorJob& job, std::int64_t first, std::int64_t last) {
  const WeightView& view = *job.views.front();
  const std::size_t columns = std::size_t(job.columns()), rows = std::size_t(last - first), size = base::ggml_block(view.type)->bytes;
  const std::size_t line = row_bytes(view.type, job.row_count());
  std::vector<float> out(rows * columns), part(rows);
  for (std::size_t column = 0; column < columns; ++column) {
    const auto bytes = view.bytes.subspan(column * line + std::size_t(first) * size, rows * size);
    if (auto done = dequantize(view.type, bytes, part); !done) return base::forward(done);
    for (std::size_t r = 0; r < rows; ++r) out[r * columns + column] = part[r];
  }
  return out;
}

base::Result<void> read_row(const TensorJob& job, std::int64_t r, std::span<float> row) {
  const bool stacked = job.views.size() > 1;
  const WeightView& view = *job.views[stacked ? std::size_t(r) : 0];
  const std::size_t size = row_bytes(view.type, job.columns()), from = stacked ? 0 : std::size_t(job.rows.empty() ? r : job.rows[std::size_t(r)]);
  return dequantize(view.type, view.bytes.subspan(from * size, size), row);
}

}  // namespace

std::int64_t TensorJob::count() const {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

std::size_t row_bytes(base::GgmlType type, std::int64_t columns) {
  const base::GgmlBlock block = *base::ggml_block(type);
  return std::size_t(columns) / block.elements * block.bytes;
}

base::Result<void> encode_job_rows(const TensorJob& job, std::int64_t first, std::int64_t last, std::byte* out, ErrorSums& sums) {
  const std::size_t columns = std::size_t(job.columns()), out_size = row_bytes(job.type, job.columns());
  const bool quantised = base::ggml_block(job.type)->elements > 1;
  std::vector<float> row(columns), back(quantised ? columns : 0), lines;
  if (job.transposed) {
    auto read = turned(job, first, last);
    if (!read) return base::forward(read);
    lines = std::move(*read);
  }
  for (std::int64_t r = first; r < last; ++r, out += out_size) {
    if (job.transposed) std::copy_n(lines.begin() + std::ptrdiff_t(std::size_t(r - first) * columns), columns, row.begin());
    else if (auto done = read_row(job, r, row); !done) return base::forward(done, fmt::format("row {}", r));
    if (job.more != 0) std::ranges::transform(row, row.begin(), [&](float value) { return value + job.more; });
    const std::span<std::byte> encoded(out, out_size);
    if (auto done = encode_weights(job.type, row, encoded); !done) return base::forward(done, fmt::format("row {}", r));
    if (!quantised) continue;
    if (auto done = dequantize(job.type, encoded, back); !done) return done;
    for (std::size_t i = 0; i < columns; ++i) {
      const double off = double(row[i]) - double(back[i]);
      sums.off += off * off, sums.all += double(row[i]) * double(row[i]);
    }
  }
  return {};
}

}  // namespace engine

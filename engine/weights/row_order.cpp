#include "engine/weights/row_order.h"

#include <cstddef>
#include <numeric>

namespace engine {

std::vector<std::int64_t> rope_rows(std::int64_t rows, std::int64_t heads) {
  const std::int64_t width = rows / heads, half = width / 2;
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t head = r / width, within = r % width;
    order[std::size_t(r)] = head * width + (within % half) * 2 + within / half;
  }
  return order;
}

std::vector<std::int64_t> gguf_rope_rows(std::int64_t rows, std::int64_t heads) {
  const std::int64_t width = rows / heads, half = width / 2;
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r) order[std::size_t(r)] = r / width * width + r % 2 * half + r % width / 2;
  return order;
}

std::vector<std::int64_t> rows_of_fused_heads(std::int64_t heads, std::int64_t head_width) {
  std::vector<std::int64_t> rows;
  rows.reserve(static_cast<std::size_t>(3 * heads * head_width));
  for (std::int64_t part = 0; part < 3; ++part)
    for (std::int64_t head = 0; head < heads; ++head)
      for (std::int64_t i = 0; i < head_width; ++i) rows.push_back((head * 3 + part) * head_width + i);
  return rows;
}

std::vector<std::int64_t> row_range(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

}  // namespace engine

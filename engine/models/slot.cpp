#include "engine/models/slot.h"

#include <numeric>

namespace engine {

std::string numbered(std::string_view name, std::int64_t layer) {
  std::string out(name);
  if (const size_t at = out.find("{}"); at != std::string::npos) out.replace(at, 2, std::to_string(layer));
  return out;
}

std::vector<std::int64_t> rope_rows(std::int64_t rows, std::int64_t heads) {
  const std::int64_t width = rows / heads, half = width / 2;
  std::vector<std::int64_t> order(static_cast<size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t head = r / width, within = r % width;
    order[size_t(r)] = head * width + (within % half) * 2 + within / half;
  }
  return order;
}

std::vector<std::int64_t> rows_of_fused_heads(std::int64_t heads, std::int64_t head_width) {
  std::vector<std::int64_t> rows;
  rows.reserve(static_cast<size_t>(3 * heads * head_width));
  for (std::int64_t part = 0; part < 3; ++part)
    for (std::int64_t head = 0; head < heads; ++head)
      for (std::int64_t i = 0; i < head_width; ++i) rows.push_back((head * 3 + part) * head_width + i);
  return rows;
}

std::vector<std::int64_t> row_range(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

void SlotList::under(std::string_view hugging_face, std::string_view gguf, std::int64_t layer) {
  hugging_face_ = numbered(hugging_face, layer), gguf_ = numbered(gguf, layer);
}

Slot& SlotList::add(std::string_view hugging_face, std::string_view gguf, std::string_view kind, std::vector<std::int64_t> shape) {
  Slot& slot = slots_.emplace_back();
  slot.hugging_face = hugging_face_ + std::string(hugging_face) + std::string(kind);
  slot.gguf = gguf_ + std::string(gguf) + std::string(kind);
  slot.shape = std::move(shape);
  return slot;
}

Slot& SlotList::matrix(std::string_view hugging_face, std::string_view gguf, Linear& into, std::vector<std::int64_t> shape, const MatrixForm& form) {
  Layout in_gguf = form.in_gguf;
  if (form.rope_heads > 0) in_gguf.rows = rope_rows(shape[0], form.rope_heads);
  if (form.bias) {
    Slot& bias = add(hugging_face, gguf, ".bias", {shape[0]});
    bias.bias = &into;
    bias.in_hugging_face = form.in_hugging_face, bias.in_gguf = in_gguf;
    bias.in_hugging_face.transposed = bias.in_gguf.transposed = false;
  }
  Slot& slot = add(hugging_face, gguf, ".weight", std::move(shape));
  slot.matrix = &into;
  slot.in_hugging_face = form.in_hugging_face, slot.in_gguf = std::move(in_gguf);
  return slot;
}

Slot& SlotList::table(std::string_view hugging_face, std::string_view gguf, Linear& into, std::vector<std::int64_t> shape) {
  Slot& slot = add(hugging_face, gguf, ".weight", std::move(shape));
  slot.matrix = &into;
  slot.table = true;
  return slot;
}

Slot& SlotList::rms_norm(std::string_view hugging_face, std::string_view gguf, Norm& into, std::int64_t width) {
  Slot& slot = add(hugging_face, gguf, ".weight", {width});
  slot.norm = &into;
  return slot;
}

void SlotList::layer_norm(std::string_view hugging_face, std::string_view gguf, Norm& into, std::int64_t width, bool bias) {
  add(hugging_face, gguf, ".weight", {width}).norm = &into;
  if (bias) add(hugging_face, gguf, ".bias", {width}).norm_bias = &into;
}

}  // namespace engine

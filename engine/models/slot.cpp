#include "engine/models/slot.h"

namespace engine {

std::string numbered(std::string_view name, std::int64_t layer) {
  std::string out(name);
  if (const size_t at = out.find("{}"); at != std::string::npos) out.replace(at, 2, std::to_string(layer));
  return out;
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

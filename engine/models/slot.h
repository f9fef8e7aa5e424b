// slot.h: the tensors of a checkpoint and where each goes in a model, under both spellings of names.
// A model's slots() fills a SlotList: under() says where the following names stand, then one call a part. What differs between
// a file's tensor and the model's (fused, transposed, permuted) is data, a Layout, which load_parameters() undoes.
// Slots borrow the model's parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/layers/linear.h"
#include "engine/layers/norm.h"
#include "engine/weights/row_order.h"

namespace engine {

// How a file stores a tensor; by default, as the model has it.
struct Layout {
  bool transposed = false;         // [inputs, outputs], as GPT-2's Conv1D; undone first
  std::vector<std::int64_t> rows;  // row r of the model's tensor is row rows[r] of the file's; empty: all of them, in order
  std::int64_t of_rows = 0;        // how many rows the file's tensor has; 0: as many as the model's
  double less = 0;                 // what the file's numbers lack, as Gemma's norms lack 1
  std::int64_t stacked = 0;        // > 0: the file has that many such tensors in one, along a first dimension of its own
  std::int64_t place = 0;          // which of them this is
};

// One tensor and where it goes: exactly one of the pointers is set.
struct Slot {
  std::string hugging_face, gguf;
  std::vector<std::string> also;    // other Hugging Face names that some checkpoints use
  std::vector<std::int64_t> shape;  // as the model has it: [outputs, inputs] or [width]
  Linear* matrix = nullptr;
  Linear* bias = nullptr;
  Norm* norm = nullptr;
  Norm* norm_bias = nullptr;
  Layout in_hugging_face{}, in_gguf{};
  bool table = false;  // looked up by row: kept as the file has it where quantising is asked for
  bool wide = false;   // kept in f32
};

// What a matrix is beside its names and shape.
struct MatrixForm {
  bool bias = false;             // stands beside it, in the same layout
  std::int64_t rope_heads = 0;   // > 0: GGUF's rows stand as llama.cpp permutes them for rotary pairs, within that many heads
  Layout in_hugging_face{}, in_gguf{};
};

class SlotList {
 public:
  // Prefixes of the names that follow; "{}" in them is the layer.
  void under(std::string_view hugging_face, std::string_view gguf, std::int64_t layer = 0);

  // NAME.weight and, where the form says so, NAME.bias.
  Slot& matrix(std::string_view hugging_face, std::string_view gguf, Linear& into, std::vector<std::int64_t> shape, const MatrixForm& form = {});
  Slot& table(std::string_view hugging_face, std::string_view gguf, Linear& into, std::vector<std::int64_t> shape);
  Slot& rms_norm(std::string_view hugging_face, std::string_view gguf, Norm& into, std::int64_t width);
  void layer_norm(std::string_view hugging_face, std::string_view gguf, Norm& into, std::int64_t width, bool bias = true);

  std::vector<Slot> take() { return std::move(slots_); }

 private:
  Slot& add(std::string_view hugging_face, std::string_view gguf, std::string_view kind, std::vector<std::int64_t> shape);

  std::string hugging_face_, gguf_;
  std::vector<Slot> slots_;
};

// "model.layers.{}.mlp" with 3 -> "model.layers.3.mlp".
std::string numbered(std::string_view name, std::int64_t layer);

}  // namespace engine

// plan_list.h: how an architecture's plan is written down: under() says where names stand, then one call a part.
// PlanList list; list.under("model.layers.{}.", "blk.{}.", layer); list.matrix("mlp.up_proj", "ffn_up", {rows, columns}); take().
// A value. The plans themselves are plan_fused.cpp's and plan_rotary.cpp's; tensor_plan() picks one.
#pragma once

#include <string_view>

#include "engine/convert/tensor_plan.h"

namespace engine {

// What a matrix is beside its names and shape; a bias stands in the same order of rows.
struct PlannedMatrix {
  bool bias = false;
  std::vector<std::int64_t> rows{};
  bool transposed = false;
};
struct PlannedNorm {
  bool bias = false;
  float more = 0;
};

class PlanList {
 public:
  void under(std::string_view hugging_face, std::string_view gguf, std::int64_t layer = 0);  // "{}" is the layer

  PlannedTensor& matrix(std::string_view hugging_face, std::string_view gguf, std::vector<std::int64_t> shape, const PlannedMatrix& how = {});
  void norm(std::string_view hugging_face, std::string_view gguf, std::int64_t width, PlannedNorm how = {});
  // GGUF has the norms of all heads in one tensor.
  void norms_of_heads(std::string_view hugging_face, std::string_view gguf, std::int64_t heads, std::int64_t width);

  std::vector<PlannedTensor> take() { return std::move(out_); }

 private:
  PlannedTensor& add(std::string_view hugging_face, std::string_view gguf, std::string_view kind, std::vector<std::int64_t> shape, TensorRole role);
  std::string hugging_face_, gguf_;
  std::vector<PlannedTensor> out_;
};

std::vector<PlannedTensor> plan_gpt2(const ModelConfig& config);
std::vector<PlannedTensor> plan_neox(const ModelConfig& config);
std::vector<PlannedTensor> plan_bloom(const ModelConfig& config);
std::vector<PlannedTensor> plan_bigcode(const ModelConfig& config);
std::vector<PlannedTensor> plan_starcoder2(const ModelConfig& config);
std::vector<PlannedTensor> plan_llama(const ModelConfig& config);  // and Mistral, Granite
std::vector<PlannedTensor> plan_qwen(const ModelConfig& config);   // Qwen2, Qwen3
std::vector<PlannedTensor> plan_gemma(const ModelConfig& config);
std::vector<PlannedTensor> plan_stablelm(const ModelConfig& config);

}  // namespace engine

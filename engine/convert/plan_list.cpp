#include "engine/convert/plan_list.h"

namespace engine {
namespace {

std::string numbered(std::string_view name, std::int64_t layer) {
  std::string out(name);
  if (const std::size_t at = out.find("{}"); at != std::string::npos) out.replace(at, 2, std::to_string(layer));
  return out;
}

}  // namespace

void PlanList::under(std::string_view hugging_face, std::string_view gguf, std::int64_t layer) {
  hugging_face_ = numbered(hugging_face, layer), gguf_ = numbered(gguf, layer);
}

PlannedTensor& PlanList::add(std::string_view hugging_face, std::string_view gguf, std::string_view kind, std::vector<std::int64_t> shape,
                             TensorRole role) {
  PlannedTensor& tensor = out_.emplace_back();
  tensor.hugging_face = hugging_face_ + std::string(hugging_face) + std::string(kind);
  tensor.gguf = gguf_ + std::string(gguf) + std::string(kind);
  tensor.shape = std::move(shape), tensor.role = role;
  return tensor;
}

PlannedTensor& PlanList::matrix(std::string_view hugging_face, std::string_view gguf, std::vector<std::int64_t> shape, const PlannedMatrix& how) {
  if (how.bias) add(hugging_face, gguf, ".bias", {shape[0]}, TensorRole::Bias).rows = how.rows;
  const bool embedding = gguf == "token_embd" || gguf == "position_embd", output = gguf == "attn_output" || gguf == "ffn_down";
  const TensorRole role = embedding ? TensorRole::Embedding : gguf == "output" ? TensorRole::Head : output ? TensorRole::Output : TensorRole::Matrix;
  PlannedTensor& tensor = add(hugging_face, gguf, ".weight", std::move(shape), role);
  tensor.rows = how.rows, tensor.transposed = how.transposed;
  return tensor;
}

void PlanList::norm(std::string_view hugging_face, std::string_view gguf, std::int64_t width, PlannedNorm how) {
  add(hugging_face, gguf, ".weight", {width}, TensorRole::Norm).more = how.more;
  if (how.bias) add(hugging_face, gguf, ".bias", {width}, TensorRole::Bias);
}

void PlanList::norms_of_heads(std::string_view hugging_face, std::string_view gguf, std::int64_t heads, std::int64_t width) {
  add(std::string(hugging_face) + ".{}", gguf, ".weight", {heads, width}, TensorRole::Norm).stacked = true;
}

}  // namespace engine

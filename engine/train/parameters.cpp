#include "engine/train/parameters.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace engine {

bool is_head(const Slot& slot) { return slot.hugging_face.starts_with("lm_head") || slot.hugging_face.starts_with("embed_out"); }

namespace {

// Matrices that write to the residual stream, by the end of their Hugging Face name.
constexpr std::array<std::string_view, 7> kOutputs = {"o_proj.weight", "down_proj.weight", "c_proj.weight", "attention.dense.weight",
                                                      "dense_4h_to_h.weight", "self_attention.dense.weight", "out_proj.weight"};

bool is_output(const Slot& slot) {
  return std::ranges::any_of(kOutputs, [&](std::string_view end) { return slot.hugging_face.ends_with(end); });
}

torch::Tensor drawn(const Slot& slot, at::Generator generator) {
  if (slot.norm) return torch::ones(slot.shape);
  if (!slot.matrix || is_output(slot)) return torch::zeros(slot.shape);
  const double deviation = slot.table || is_head(slot) ? 0.02 : 0.5 / std::sqrt(double(slot.shape[1]));
  return torch::empty(slot.shape).normal_(0, deviation, generator);
}

Parameter::Kind kind_of(const Slot& slot) {
  if (!slot.matrix) return Parameter::Kind::Vector;
  if (slot.table) return Parameter::Kind::Table;
  return is_head(slot) ? Parameter::Kind::Head : Parameter::Kind::Matrix;
}

}  // namespace

torch::Tensor tensor_of(const Slot& slot) {
  const auto of = [](torch::nn::Module& module, const char* name) { return module.named_parameters(/*recurse=*/false)[name]; };
  if (slot.matrix) return of(*slot.matrix, "weight");
  if (slot.bias) return of(*slot.bias, "bias");
  return slot.norm ? of(*slot.norm, "weight") : of(*slot.norm_bias, "bias");
}

void random_parameters(Model& model, std::uint64_t seed, torch::Device device) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  for (const Slot& slot : model.slots()) {
    torch::Tensor value = drawn(slot, generator).to(device);
    if (slot.matrix) slot.matrix->set(std::move(value));
    else if (slot.bias) slot.bias->set_bias(std::move(value));
    else if (slot.norm) slot.norm->set(std::move(value));
    else slot.norm_bias->set_bias(std::move(value));
  }
}

std::vector<Parameter> parameters_of(Model& model, torch::Device device) {
  std::vector<Parameter> out;
  for (const Slot& slot : model.slots()) {
    torch::Tensor value = tensor_of(slot);
    value.set_data(value.to(device, torch::kFloat32, /*non_blocking=*/false, /*copy=*/true).contiguous());  // a loaded one may lie in its file
    value.set_requires_grad(true);
    out.push_back({slot.hugging_face, value, kind_of(slot)});
  }
  return out;
}

}  // namespace engine

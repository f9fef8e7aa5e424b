// memory_source.h: weights held in memory, for tests of loading: random ones for a model, under either spelling of names.
// Fill with add(), or random_weights(model, naming); break what a test wants broken, then pass it to load_parameters().
// A value; keeps its tensors alive.
#pragma once

#include <torch/torch.h>

#include <deque>

#include "engine/models/model.h"
#include "engine/weights/source.h"

namespace tests {

class MemorySource : public engine::WeightSource {
 public:
  explicit MemorySource(engine::Naming naming) : naming_(naming) {}

  void add(const std::string& name, torch::Tensor tensor) {
    tensor = tensor.contiguous();
    const auto type = tensor.scalar_type() == torch::kBFloat16 ? base::GgmlType::BF16 : tensor.scalar_type() == torch::kFloat16 ? base::GgmlType::F16 : base::GgmlType::F32;
    views_.push_back({name, type, tensor.sizes().vec(), {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}});
    held_.push_back(std::move(tensor));
  }
  void remove(const std::string& name) { std::erase_if(views_, [&](const auto& view) { return view.name == name; }); }

  engine::Naming naming() const override { return naming_; }
  const std::filesystem::path& path() const override { return path_; }
  std::span<const engine::WeightView> weights() const override { return views_; }
  const engine::WeightView* find(std::string_view name) const override {
    for (const engine::WeightView& view : views_)
      if (view.name == name) return &view;
    return nullptr;
  }
  void forget(const engine::WeightView&) const override {}

 private:
  engine::Naming naming_;
  std::filesystem::path path_ = "model";
  std::vector<engine::WeightView> views_;
  std::deque<torch::Tensor> held_;
};

// As llama.cpp's converter permutes query and key rows, so that rotary pairs stand next to each other.
inline torch::Tensor interleaved(const torch::Tensor& x, std::int64_t heads) {
  std::vector<std::int64_t> split = {heads, 2, x.size(0) / heads / 2};
  split.insert(split.end(), x.sizes().begin() + 1, x.sizes().end());
  return x.reshape(split).transpose(1, 2).reshape(x.sizes());
}

// The same weights whatever the naming: GGUF gets them as its converter would write them.
inline MemorySource random_weights(engine::Model& model, engine::Naming naming) {
  torch::manual_seed(21);
  MemorySource source(naming);
  for (const engine::Slot& slot : model.slots()) {
    const torch::Tensor values = slot.norm ? 1 + 0.3 * torch::randn(slot.shape) : 0.25 * torch::randn(slot.shape);
    if (naming == engine::Naming::HuggingFace) source.add(slot.hugging_face, values);
    else source.add(slot.gguf, slot.rope_heads > 0 ? interleaved(values, slot.rope_heads) : values);
  }
  return source;
}

}  // namespace tests

// memory_source.h: weights held in memory, for tests of loading: random ones for a model, under either spelling of names.
// Fill with add(), or random_weights(model, naming); break what a test wants broken, then pass it to load_parameters().
// A value; keeps its tensors alive.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <deque>
#include <map>

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

// The tensor a file would hold, were this the model's: what load_parameters() undoes. Parts of one tensor are put together.
inline torch::Tensor stored(const torch::Tensor& values, const engine::Layout& layout, torch::Tensor so_far) {
  torch::Tensor file = values - layout.less;
  if (!layout.rows.empty()) {
    std::vector<std::int64_t> shape = values.sizes().vec();
    if (layout.of_rows > 0) shape[0] = layout.of_rows;
    file = so_far.defined() ? (layout.transposed ? so_far.t() : so_far).clone() : torch::full(shape, std::nan(""));
    file.index_copy_(0, torch::tensor(layout.rows, torch::kInt64), values);
  }
  return layout.transposed ? file.t() : file;
}

// The same weights whatever the naming: GGUF gets them as its converter would write them.
inline MemorySource random_weights(engine::Model& model, engine::Naming naming, std::uint64_t seed = 21) {
  torch::manual_seed(seed);
  const bool gguf = naming == engine::Naming::Gguf;
  std::vector<std::string> order;
  std::map<std::string, torch::Tensor> files;
  for (const engine::Slot& slot : model.slots()) {
    const torch::Tensor values = slot.norm ? 1 + 0.3 * torch::randn(slot.shape) : 0.25 * torch::randn(slot.shape);
    const std::string& name = gguf ? slot.gguf : slot.hugging_face;
    if (!files.contains(name)) order.push_back(name);
    files[name] = stored(values, gguf ? slot.in_gguf : slot.in_hugging_face, files[name]);
  }
  MemorySource source(naming);
  for (const std::string& name : order) source.add(name, files[name]);
  return source;
}

}  // namespace tests

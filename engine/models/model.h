// model.h: what every architecture is to the engine: ids and a cache in, logits out; and the places its weights go.
// The registry builds one from a ModelConfig; load_parameters() fills its slots; then forward() on the engine thread.
// Shapes: T new tokens, V vocabulary. Parameters are ordinary torch parameters, so that training can use the same files.
#pragma once

#include <torch/torch.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/cache/kv_cache.h"
#include "engine/config.h"
#include "engine/layers/linear.h"
#include "engine/layers/norm.h"

namespace engine {

// One tensor of the file and where it goes: exactly one of the pointers is set.
struct Slot {
  std::string hugging_face, gguf;
  std::vector<std::int64_t> shape;
  Linear* matrix = nullptr;
  Linear* bias = nullptr;
  RmsNorm* norm = nullptr;
  std::int64_t rope_heads = 0;  // > 0: GGUF stores this matrix's (or bias's) rows permuted within that many heads
};

class Model : public torch::nn::Module {
 public:
  virtual const ModelConfig& config() const = 0;
  virtual std::vector<Slot> slots() = 0;
  // After the slots are filled: builds what depends on device and dtype. `rope_factors` may be undefined.
  virtual void ready(torch::Device device, torch::Dtype dtype, const torch::Tensor& rope_factors) = 0;

  // ids: [T] on the device. Appends T tokens to the cache. Logits in f32: [1, V] for the last token, or [T, V].
  virtual torch::Tensor forward(const torch::Tensor& ids_T, KvCache& cache, bool last_only) = 0;
};

// "model.layers.{}.mlp" with 3 -> "model.layers.3.mlp".
std::string numbered(std::string_view name, std::int64_t layer);

}  // namespace engine

// model.h: what every architecture is to the engine: ids and caches in, logits out; and the places its weights go.
// The registry builds one from a ModelConfig; load_parameters() fills its slots; then forward() on the engine thread.
// Shapes: T new tokens, B sequences, V vocabulary. Parameters are ordinary torch parameters, so that training can use the same files.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <vector>

#include "engine/config.h"
#include "engine/adapter/adapter.h"
#include "engine/layers/batch.h"
#include "engine/models/slot.h"

namespace engine {

struct PackableParts;  // packed_model.h

// A matrix that an adapter may add to.
struct AdapterPlace {
  std::string name;                  // Hugging Face's, with ".weight"
  std::vector<std::int64_t> shape;   // [outputs, inputs], as the model has it
  Layout in_hugging_face;            // whose rows an adapter's B has too
  std::function<void(const LowRank* low)> set;  // in the model's order of rows; null: nothing is added
};

class Model : public torch::nn::Module {
 public:
  virtual const ModelConfig& config() const = 0;
  virtual std::vector<Slot> slots() = 0;
  // After the slots are filled: builds what depends on device and dtype. `rope_factors` may be undefined.
  virtual void ready(torch::Device device, torch::Dtype dtype, const torch::Tensor& rope_factors) = 0;

  // Appends each sequence's new tokens to its cache. Logits in f32: [T, V], or [B, V] of each sequence's last token; undefined
  // where batch.stop fired.
  virtual torch::Tensor forward(const Batch& batch, LogitsOf wanted) = 0;

  // Every matrix but the tables.
  virtual std::vector<AdapterPlace> adapter_places();

  // How many new tokens of a sequence, at most, get the same logits to the bit in one pass as one at a time: so many rows may hold
  // drafted tokens without changing what is written. 1 where products of several rows are summed in another order than of one.
  virtual std::int64_t alike_rows() const { return 1; }

  // Where its parts are, of a model that is wired like LLaMA and may be packed; null for others.
  virtual std::shared_ptr<PackableParts> parts() { return nullptr; }

  // forward() in its two halves, for training, whose loss never holds all logits at once: [T, D] behind the last block (undefined
  // where batch.stop fired), and the logits of any such rows.
  virtual torch::Tensor hidden(const Batch& batch);
  virtual torch::Tensor logits(const torch::Tensor& x_TD);
};

}  // namespace engine

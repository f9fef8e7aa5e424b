// llama.cpp: LLaMA (Touvron et al. 2023, arXiv 2302.13971) and its kin: SmolLM2, CodeLlama, DeepSeek-Coder, Granite's smaller code models.
// Shapes: T new tokens, D width.
#include "engine/models/llama.h"

#include "engine/models/registry.h"

namespace engine {
namespace {

// ---- block -----------------------------------------------------------------------------------------------------------

using LlamaBlock = RmsNormBlock<RotaryAttention>;

class LlamaModel : public Decoder<LlamaBlock, RmsNorm> {
 public:
  LlamaModel(const ModelConfig& c, GgufRotary rows) : Decoder(c), rows_(rows) {}

  std::vector<Slot> slots() override;
  std::shared_ptr<PackableParts> parts() override { return packable_parts(); }

 private:
  GgufRotary rows_;
};

// ---- weight names ----------------------------------------------------------------------------------------------------

std::vector<Slot> LlamaModel::slots() {
  SlotList list;
  add_table(list, *embed_, config_);
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    list.under(kHfLayer, kGgufLayer, layer);
    add_block(list, *blocks_[size_t(layer)], config_, rows_);
  }
  list.under("model.", "");
  list.rms_norm("norm", "output_norm", *norm_, config_.width);
  add_head(list, head_.get(), config_);
  return list.take();
}

std::unique_ptr<Model> make_llama(const ModelConfig& config) { return make_llama_like(config, GgufRotary::Permuted); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

std::unique_ptr<Model> make_llama_like(const ModelConfig& config, GgufRotary rows) { return std::make_unique<LlamaModel>(config, rows); }

extern const Architecture kLlama;
const Architecture kLlama = {"llama", make_llama};

}  // namespace engine

// granite.cpp: Granite (2024, arXiv 2405.04324): LLaMA's wiring with multipliers of embeddings, attention, residuals and logits.
// Shapes: T new tokens, D width.
#include "engine/models/rotary.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

// ---- block -----------------------------------------------------------------------------------------------------------

struct GraniteBlock : RmsNormBlock<RotaryAttention> {
  GraniteBlock(const ModelConfig& c, std::int64_t layer) : RmsNormBlock(c, layer), scale(c.multipliers.residual) {}

  Tensor forward(Tensor x_TD, Step& step) {
    x_TD = x_TD + attention->forward(attention_norm->forward(x_TD), step) * scale;
    return x_TD + mlp->forward(mlp_norm->forward(x_TD)) * scale;
  }

  double scale;
};

class GraniteModel : public Decoder<GraniteBlock, RmsNorm> {
 public:
  explicit GraniteModel(const ModelConfig& c) : Decoder(c) {}

  std::vector<Slot> slots() override;
  std::shared_ptr<PackableParts> parts() override { return packable_parts(); }

  Tensor logits(const Tensor& x_TD) override { return Decoder::logits(x_TD) / config_.multipliers.logits_divisor; }

 protected:
  Tensor embedded(const Batch& batch) override { return embed_->rows(batch.ids_T) * config_.multipliers.embedding; }
};

// ---- weight names ----------------------------------------------------------------------------------------------------

std::vector<Slot> GraniteModel::slots() {
  SlotList list;
  add_table(list, *embed_, config_);
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    list.under(kHfLayer, kGgufLayer, layer);
    add_block(list, *blocks_[size_t(layer)], config_, GgufRotary::Permuted);
  }
  list.under("model.", "");
  list.rms_norm("norm", "output_norm", *norm_, config_.width);
  add_head(list, head_.get(), config_);
  return list.take();
}

std::unique_ptr<Model> make_granite(const ModelConfig& config) { return std::make_unique<GraniteModel>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kGranite;
const Architecture kGranite = {"granite", make_granite};

}  // namespace engine

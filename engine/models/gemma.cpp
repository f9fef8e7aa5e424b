// gemma.cpp: Gemma (2024, arXiv 2403.08295) and CodeGemma: LLaMA's wiring; embeddings scaled by the root of the width, GeGLU, and
// norms whose files hold what their weights are beyond 1.
// Shapes: T new tokens, D width.
#include <cmath>

#include "engine/models/rotary.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

// ---- block -----------------------------------------------------------------------------------------------------------

class GemmaModel : public Decoder<RmsNormBlock<RotaryAttention>, RmsNorm> {
 public:
  explicit GemmaModel(const ModelConfig& c) : Decoder(c) {}

  std::vector<Slot> slots() override;

 protected:
  Tensor embedded(const Batch& batch) override {
    const Tensor x_TD = embed_->rows(batch.ids_T);
    return x_TD * torch::full({}, std::sqrt(double(config_.width)), x_TD.options());  // rounded as x is
  }
};

// ---- weight names ----------------------------------------------------------------------------------------------------

std::vector<Slot> GemmaModel::slots() {
  SlotList list;
  const auto norm = [&](const char* hugging_face, const char* gguf, Norm& into) {
    Slot& slot = list.rms_norm(hugging_face, gguf, into, config_.width);
    slot.in_hugging_face.less = 1;  // llama.cpp's converter has added it
    slot.wide = true;               // 1 + w would lose w's last bits in bf16
  };
  add_table(list, *embed_, config_);
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    auto& block = *blocks_[size_t(layer)];
    list.under(kHfLayer, kGgufLayer, layer);
    norm("input_layernorm", "attn_norm", *block.attention_norm);
    add_attention(list, *block.attention, config_, GgufRotary::AsIs);
    norm("post_attention_layernorm", "ffn_norm", *block.mlp_norm);
    add_mlp(list, *block.mlp, config_);
  }
  list.under("model.", "");
  norm("norm", "output_norm", *norm_);
  add_head(list, head_.get(), config_);
  return list.take();
}

std::unique_ptr<Model> make_gemma(const ModelConfig& config) { return std::make_unique<GemmaModel>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kGemma;
const Architecture kGemma = {"gemma", make_gemma};

}  // namespace engine

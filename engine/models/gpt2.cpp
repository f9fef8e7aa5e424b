// gpt2.cpp: GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): learned positions, layer norms
// before each branch. Shapes: T new tokens, D width.
#include <torch/torch.h>

#include "engine/layers/fused_attention.h"
#include "engine/models/decoder.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

using torch::Tensor;

// ---- block -----------------------------------------------------------------------------------------------------------

struct Gpt2Block : PreNormBlock<FusedAttention> {
  Gpt2Block(const ModelConfig& c, std::int64_t layer) : PreNormBlock(c) {
    if (c.attention_scale_by_layer) attention->how.scale /= double(layer + 1);
  }
};

class Gpt2Model : public Decoder<Gpt2Block> {
 public:
  explicit Gpt2Model(const ModelConfig& config) : Decoder(config), positions_(register_module("positions", std::make_shared<Linear>())) {}
  std::vector<Slot> slots() override;

 protected:
  Tensor embedded(const Batch& batch) override { return embed_->rows(batch.ids_T) + positions_->rows(batch.positions()); }

 private:
  std::shared_ptr<Linear> positions_;
};

// ---- weight names ----------------------------------------------------------------------------------------------------

std::vector<Slot> Gpt2Model::slots() {
  const ModelConfig& c = config_;
  const MatrixForm conv1d{.bias = true, .in_hugging_face = {.transposed = true}};  // Conv1D keeps [inputs, outputs]
  SlotList list;
  list.under("transformer.", "");
  list.table("wte", "token_embd", *embed_, {c.vocab_size, c.width});
  list.table("wpe", "position_embd", *positions_, {c.context_length, c.width});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    Gpt2Block& b = *blocks_[size_t(layer)];
    list.under("transformer.h.{}.", "blk.{}.", layer);
    list.layer_norm("ln_1", "attn_norm", *b.attention_norm, c.width);
    list.matrix("attn.c_attn", "attn_qkv", *b.attention->qkv, {b.attention->fused_width(), c.width}, conv1d);
    list.matrix("attn.c_proj", "attn_output", *b.attention->o, {c.width, c.width}, conv1d);
    list.layer_norm("ln_2", "ffn_norm", *b.mlp_norm, c.width);
    list.matrix("mlp.c_fc", "ffn_up", *b.mlp->up, {c.mlp_width, c.width}, conv1d);
    list.matrix("mlp.c_proj", "ffn_down", *b.mlp->down, {c.width, c.mlp_width}, conv1d);
  }
  list.under("transformer.", "");
  list.layer_norm("ln_f", "output_norm", *norm_, c.width);
  list.under("", "");
  if (head_) list.matrix("lm_head", "output", *head_, {c.vocab_size, c.width});
  return list.take();
}

std::unique_ptr<Model> make_gpt2(const ModelConfig& config) { return std::make_unique<Gpt2Model>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kGpt2;
const Architecture kGpt2 = {"gpt2", make_gpt2};

}  // namespace engine

// bloom.cpp: BLOOM (Scao et al. 2022, arXiv 2211.05100): ALiBi in place of positions, a layer norm behind the embedding.
// Shapes: T new tokens, D width.
#include <torch/torch.h>

#include "engine/layers/alibi.h"
#include "engine/layers/fused_attention.h"
#include "engine/models/decoder.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

using torch::Tensor;

// ---- block -----------------------------------------------------------------------------------------------------------

struct BloomBlock : PreNormBlock<FusedAttention> {
  BloomBlock(const ModelConfig& c, std::int64_t layer) : PreNormBlock(c, layer), residual_after_norm(c.residual_after_norm) {}

  Tensor forward(Tensor x_TD, Step& step) {
    const Tensor attended_TD = attention_norm->forward(x_TD);
    x_TD = kept(x_TD, attended_TD) + attention->forward(attended_TD, step);
    const Tensor read_TD = mlp_norm->forward(x_TD);
    return kept(x_TD, read_TD) + mlp->forward(read_TD);
  }

  // What a branch's output is added to: its input before the norm, or after it.
  const Tensor& kept(const Tensor& before, const Tensor& after) const { return residual_after_norm ? after : before; }

  bool residual_after_norm;
};

class BloomModel : public Decoder<BloomBlock> {
 public:
  explicit BloomModel(const ModelConfig& config)
      : Decoder(config), embed_norm_(register_module("embed_norm", std::make_shared<LayerNorm>(config.norm_epsilon))) {}
  std::vector<Slot> slots() override;

  void ready(torch::Device device, torch::Dtype dtype, const Tensor& rope_factors) override {
    Decoder::ready(device, dtype, rope_factors);
    const Tensor slopes_H = alibi_slopes(config_.heads).to(device);
    for (const std::shared_ptr<BloomBlock>& block : blocks_) block->attention->how.slopes_H = slopes_H;
  }

 protected:
  Tensor embedded(const Batch& batch) override { return embed_norm_->forward(embed_->rows(batch.ids_T)); }

 private:
  std::shared_ptr<LayerNorm> embed_norm_;
};

// ---- weight names ----------------------------------------------------------------------------------------------------

// GGUF has the fused rows in our order already: llama.cpp's converter regroups them.
std::vector<Slot> BloomModel::slots() {
  const ModelConfig& c = config_;
  const MatrixForm qkv{.bias = true, .in_hugging_face = {.rows = rows_of_fused_heads(c.heads, c.head_width)}};
  SlotList list;
  list.under("transformer.", "");
  list.table("word_embeddings", "token_embd", *embed_, {c.vocab_size, c.width});
  list.layer_norm("word_embeddings_layernorm", "token_embd_norm", *embed_norm_, c.width);
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    BloomBlock& b = *blocks_[size_t(layer)];
    list.under("transformer.h.{}.", "blk.{}.", layer);
    list.layer_norm("input_layernorm", "attn_norm", *b.attention_norm, c.width);
    list.matrix("self_attention.query_key_value", "attn_qkv", *b.attention->qkv, {b.attention->fused_width(), c.width}, qkv);
    list.matrix("self_attention.dense", "attn_output", *b.attention->o, {c.width, c.width}, {.bias = true});
    list.layer_norm("post_attention_layernorm", "ffn_norm", *b.mlp_norm, c.width);
    list.matrix("mlp.dense_h_to_4h", "ffn_up", *b.mlp->up, {c.mlp_width, c.width}, {.bias = true});
    list.matrix("mlp.dense_4h_to_h", "ffn_down", *b.mlp->down, {c.width, c.mlp_width}, {.bias = true});
  }
  list.under("transformer.", "");
  list.layer_norm("ln_f", "output_norm", *norm_, c.width);
  list.under("", "");
  if (head_) list.matrix("lm_head", "output", *head_, {c.vocab_size, c.width});
  return list.take();
}

std::unique_ptr<Model> make_bloom(const ModelConfig& config) { return std::make_unique<BloomModel>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kBloom;
const Architecture kBloom = {"bloom", make_bloom};

}  // namespace engine

// neox.cpp: GPT-NeoX (Black et al. 2022, arXiv 2204.06745): Pythia, Dolly v2, StableLM-alpha, OpenAssistant-Pythia. A part of
// each head is rotated; attention and MLP read the same input, or one after the other. Shapes: T new tokens, D width.
#include <torch/torch.h>

#include "engine/layers/fused_attention.h"
#include "engine/models/decoder.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

using torch::Tensor;

// ---- block -----------------------------------------------------------------------------------------------------------

struct NeoxBlock : PreNormBlock<FusedAttention> {
  NeoxBlock(const ModelConfig& c, std::int64_t layer) : PreNormBlock(c, layer), parallel(c.parallel_residual) {}

  Tensor forward(const Tensor& x_TD, Step& step) { return parallel ? in_parallel(x_TD, step) : PreNormBlock::forward(x_TD, step); }

  // Both branches read the same x.
  Tensor in_parallel(const Tensor& x_TD, Step& step) {
    return x_TD + attention->forward(attention_norm->forward(x_TD), step) + mlp->forward(mlp_norm->forward(x_TD));
  }

  bool parallel;
};

class NeoxModel : public Decoder<NeoxBlock> {
 public:
  using Decoder::Decoder;
  std::vector<Slot> slots() override;
};

// ---- weight names ----------------------------------------------------------------------------------------------------

// GGUF has the fused rows in our order already where llama.cpp's converter was not too old to regroup them.
std::vector<Slot> NeoxModel::slots() {
  const ModelConfig& c = config_;
  const Layout by_head{.rows = rows_of_fused_heads(c.heads, c.head_width)};
  const MatrixForm qkv{.bias = c.attention_bias, .in_hugging_face = by_head, .in_gguf = c.fused_by_head ? by_head : Layout{}};
  SlotList list;
  list.table("gpt_neox.embed_in", "token_embd", *embed_, {c.vocab_size, c.width});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    NeoxBlock& b = *blocks_[size_t(layer)];
    list.under("gpt_neox.layers.{}.", "blk.{}.", layer);
    list.layer_norm("input_layernorm", "attn_norm", *b.attention_norm, c.width);
    list.matrix("attention.query_key_value", "attn_qkv", *b.attention->qkv, {b.attention->fused_width(), c.width}, qkv);
    list.matrix("attention.dense", "attn_output", *b.attention->o, {c.width, c.width}, {.bias = c.attention_bias});
    list.layer_norm("post_attention_layernorm", "ffn_norm", *b.mlp_norm, c.width);
    list.matrix("mlp.dense_h_to_4h", "ffn_up", *b.mlp->up, {c.mlp_width, c.width}, {.bias = true});
    list.matrix("mlp.dense_4h_to_h", "ffn_down", *b.mlp->down, {c.width, c.mlp_width}, {.bias = true});
  }
  list.under("", "");
  list.layer_norm("gpt_neox.final_layer_norm", "output_norm", *norm_, c.width);
  if (head_) list.matrix("embed_out", "output", *head_, {c.vocab_size, c.width}).also = {"lm_head.weight"};
  return list.take();
}

std::unique_ptr<Model> make_neox(const ModelConfig& config) { return std::make_unique<NeoxModel>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kNeox;
const Architecture kNeox = {"gpt_neox", make_neox};

}  // namespace engine

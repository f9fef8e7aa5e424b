// bigcode.cpp: GPT-BigCode: SantaCoder (Ben Allal et al. 2023, arXiv 2301.03988), StarCoder (Li et al. 2023, arXiv 2305.06161).
// GPT-2 whose query heads share one key and value (Shazeer 2019, arXiv 1911.02150), or have their own. T new tokens, D width.
#include <torch/torch.h>

#include "engine/layers/fused_attention.h"
#include "engine/models/decoder.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

using torch::Tensor;

// ---- block -----------------------------------------------------------------------------------------------------------

using BigCodeBlock = PreNormBlock<FusedAttention>;

class BigCodeModel : public Decoder<BigCodeBlock> {
 public:
  explicit BigCodeModel(const ModelConfig& config) : Decoder(config), positions_(register_module("positions", std::make_shared<Linear>())) {}
  std::vector<Slot> slots() override;

 protected:
  Tensor embedded(const Batch& batch) override { return embed_->rows(batch.ids_T) + positions_->rows(batch.positions()); }

 private:
  std::shared_ptr<Linear> positions_;
};

// ---- weight names ----------------------------------------------------------------------------------------------------

// With keys and values of its own, each head's three stand together; llama.cpp's converter leaves them so, ours regroups them.
MatrixForm fused_form(const ModelConfig& c) {
  const Layout layout{.rows = c.kv_heads == c.heads ? rows_of_fused_heads(c.heads, c.head_width) : std::vector<std::int64_t>{}};
  return {.bias = true, .in_hugging_face = layout, .in_gguf = c.fused_by_head ? layout : Layout{}};
}

std::vector<Slot> BigCodeModel::slots() {
  const ModelConfig& c = config_;
  const MatrixForm qkv = fused_form(c);
  SlotList list;
  list.under("transformer.", "");
  list.table("wte", "token_embd", *embed_, {c.vocab_size, c.width});
  list.table("wpe", "position_embd", *positions_, {c.context_length, c.width});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    BigCodeBlock& b = *blocks_[size_t(layer)];
    list.under("transformer.h.{}.", "blk.{}.", layer);
    list.layer_norm("ln_1", "attn_norm", *b.attention_norm, c.width);
    list.matrix("attn.c_attn", "attn_qkv", *b.attention->qkv, {b.attention->fused_width(), c.width}, qkv);
    list.matrix("attn.c_proj", "attn_output", *b.attention->o, {c.width, c.width}, {.bias = true});
    list.layer_norm("ln_2", "ffn_norm", *b.mlp_norm, c.width);
    list.matrix("mlp.c_fc", "ffn_up", *b.mlp->up, {c.mlp_width, c.width}, {.bias = true});
    list.matrix("mlp.c_proj", "ffn_down", *b.mlp->down, {c.width, c.mlp_width}, {.bias = true});
  }
  list.under("transformer.", "");
  list.layer_norm("ln_f", "output_norm", *norm_, c.width);
  list.under("", "");
  if (head_) list.matrix("lm_head", "output", *head_, {c.vocab_size, c.width});
  return list.take();
}

std::unique_ptr<Model> make_bigcode(const ModelConfig& config) { return std::make_unique<BigCodeModel>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kBigCode;
const Architecture kBigCode = {"gpt_bigcode", make_bigcode};

}  // namespace engine

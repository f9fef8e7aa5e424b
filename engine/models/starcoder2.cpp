// starcoder2.cpp: StarCoder2 (Lozhkov et al. 2024, arXiv 2402.19173): rotary positions, grouped queries, biases, and, where the
// configuration says so, a window of attention. Shapes: T new tokens, D width.
#include <torch/torch.h>

#include "engine/models/decoder.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

using torch::Tensor;

// ---- block -----------------------------------------------------------------------------------------------------------

struct Starcoder2Attention : torch::nn::Module {
  explicit Starcoder2Attention(const ModelConfig& c)
      : heads(c.heads), kv_heads(c.kv_heads), how{.scale = c.attention_scale, .window = c.sliding_window} {
    for (auto& [name, part] : {std::pair{"q", &q}, {"k", &k}, {"v", &v}, {"o", &o}})
      *part = register_module(name, std::make_shared<Linear>());
  }

  Tensor forward(const Tensor& x_TD, Step& step) {
    const Tensor queries = Rope::apply(by_head(q->forward(x_TD), heads), step.rope);
    const Tensor keys = Rope::apply(by_head(k->forward(x_TD), kv_heads), step.rope);
    return o->forward(attend(step, queries, keys, by_head(v->forward(x_TD), kv_heads), how));
  }

  std::int64_t heads, kv_heads;
  Attention how;
  std::shared_ptr<Linear> q, k, v, o;
};

using Starcoder2Block = PreNormBlock<Starcoder2Attention>;

class Starcoder2Model : public Decoder<Starcoder2Block> {
 public:
  using Decoder::Decoder;
  std::vector<Slot> slots() override;
};

// ---- weight names ----------------------------------------------------------------------------------------------------

std::vector<Slot> Starcoder2Model::slots() {
  const ModelConfig& c = config_;
  const std::int64_t q_width = c.heads * c.head_width, kv_width = c.kv_heads * c.head_width;
  const MatrixForm attention{.bias = c.attention_bias}, mlp{.bias = c.mlp_bias};
  const auto named = [&](const char* own) { return c.fused_qkv ? "attn_qkv" : own; };  // some GGUF files hold the three as one
  const auto part = [&](std::int64_t first, std::int64_t count) {
    const Layout rows{.rows = row_range(first, count), .of_rows = q_width + 2 * kv_width};
    return MatrixForm{.bias = c.attention_bias, .in_gguf = c.fused_qkv ? rows : Layout{}};
  };
  SlotList list;
  list.table("model.embed_tokens", "token_embd", *embed_, {c.vocab_size, c.width});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    Starcoder2Block& b = *blocks_[size_t(layer)];
    list.under("model.layers.{}.", "blk.{}.", layer);
    list.layer_norm("input_layernorm", "attn_norm", *b.attention_norm, c.width);
    list.matrix("self_attn.q_proj", named("attn_q"), *b.attention->q, {q_width, c.width}, part(0, q_width));
    list.matrix("self_attn.k_proj", named("attn_k"), *b.attention->k, {kv_width, c.width}, part(q_width, kv_width));
    list.matrix("self_attn.v_proj", named("attn_v"), *b.attention->v, {kv_width, c.width}, part(q_width + kv_width, kv_width));
    list.matrix("self_attn.o_proj", "attn_output", *b.attention->o, {c.width, q_width}, attention);
    list.layer_norm("post_attention_layernorm", "ffn_norm", *b.mlp_norm, c.width);
    list.matrix("mlp.c_fc", "ffn_up", *b.mlp->up, {c.mlp_width, c.width}, mlp);
    list.matrix("mlp.c_proj", "ffn_down", *b.mlp->down, {c.width, c.mlp_width}, mlp);
  }
  list.under("", "");
  list.layer_norm("model.norm", "output_norm", *norm_, c.width);
  if (head_) list.matrix("lm_head", "output", *head_, {c.vocab_size, c.width});
  return list.take();
}

std::unique_ptr<Model> make_starcoder2(const ModelConfig& config) { return std::make_unique<Starcoder2Model>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kStarcoder2;
const Architecture kStarcoder2 = {"starcoder2", make_starcoder2};

}  // namespace engine

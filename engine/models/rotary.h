// rotary.h: what the models with rotary positions and gated MLPs share: attention, MLP, the block of LLaMA, and names of weights.
// An architecture derives from Decoder<its block, RmsNorm> (decoder.h) and gives slots() from the add_ helpers. Different wiring
// is a block of its own in the architecture's file.
// Shapes: T new tokens of all sequences, D width, H heads.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <utility>

#include "engine/layers/activation.h"
#include "engine/layers/linear.h"
#include "engine/layers/norm.h"
#include "engine/layers/rope.h"
#include "engine/layers/step.h"
#include "engine/layers/with_gradients.h"
#include "engine/models/decoder.h"

namespace engine {

using torch::Tensor;

// Queries and keys turned by their positions; grouped-query attention within the layer's window.
struct RotaryAttention : torch::nn::Module {
  RotaryAttention(const ModelConfig& config, std::int64_t layer);

  Tensor forward(const Tensor& x_TD, Step& step) const {
    return output(by_head(q->forward(x_TD), heads), by_head(k->forward(x_TD), kv_heads), by_head(v->forward(x_TD), kv_heads), step);
  }

  std::int64_t heads, kv_heads;
  Attention how;
  std::shared_ptr<Linear> q, k, v, o;

 protected:
  Tensor output(const Tensor& queries_HTD, const Tensor& keys_HTD, const Tensor& values_HTD, Step& step) const {
    return o->forward(attend(step, Rope::apply(queries_HTD, step.rope), Rope::apply(keys_HTD, step.rope), values_HTD, how));
  }
};

// down(activation(gate(x)) * up(x)): SwiGLU, GeGLU; Shazeer 2020, arXiv 2002.05202.
struct GatedMlp : torch::nn::Module {
  explicit GatedMlp(const ModelConfig& config);
  Tensor forward(const Tensor& x_TD) const {
    const Tensor gates = gate->forward(x_TD), ups = up->forward(x_TD);
    if (activation == Activation::Silu)
      if (auto product = silu_with_gradients(gates, ups)) return down->forward(*product);
    return down->forward(activate(activation, gates).mul_(ups));
  }

  Activation activation;
  std::shared_ptr<Linear> gate, up, down;
};

template <class Attend>
struct RmsNormBlock : torch::nn::Module {
  RmsNormBlock(const ModelConfig& c, std::int64_t layer)
      : attention_norm(register_module("attention_norm", std::make_shared<RmsNorm>(c.norm_epsilon))),
        attention(register_module("attention", std::make_shared<Attend>(c, layer))),
        mlp_norm(register_module("mlp_norm", std::make_shared<RmsNorm>(c.norm_epsilon))),
        mlp(register_module("mlp", std::make_shared<GatedMlp>(c))) {}

  Tensor forward(Tensor x_TD, Step& step) {
    x_TD = x_TD + attention->forward(attention_norm->forward(x_TD), step);
    return x_TD + mlp->forward(mlp_norm->forward(x_TD));
  }

  std::shared_ptr<RmsNorm> attention_norm;
  std::shared_ptr<Attend> attention;
  std::shared_ptr<RmsNorm> mlp_norm;
  std::shared_ptr<GatedMlp> mlp;
};

// ---- weight names: LLaMA's, which most later models kept -----------------------------------------------------------------

enum class GgufRotary { Permuted, AsIs };  // of query and key rows: llama.cpp permutes LLaMA's, and leaves later families' as they are

void add_table(SlotList& list, Linear& embed, const ModelConfig& config);
void add_head(SlotList& list, Linear* head, const ModelConfig& config);  // null: none
// Within a layer; the list is under() it.
void add_attention(SlotList& list, RotaryAttention& attention, const ModelConfig& config, GgufRotary rows);
void add_mlp(SlotList& list, GatedMlp& mlp, const ModelConfig& config);
template <class Block>
void add_block(SlotList& list, Block& block, const ModelConfig& config, GgufRotary rows) {
  list.rms_norm("input_layernorm", "attn_norm", *block.attention_norm, config.width);
  add_attention(list, *block.attention, config, rows);
  list.rms_norm("post_attention_layernorm", "ffn_norm", *block.mlp_norm, config.width);
  add_mlp(list, *block.mlp, config);
}
inline constexpr const char *kHfLayer = "model.layers.{}.", *kGgufLayer = "blk.{}.";

}  // namespace engine

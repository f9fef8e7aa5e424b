#include "engine/models/rotary.h"

#include <cmath>

namespace engine {

RotaryAttention::RotaryAttention(const ModelConfig& c, std::int64_t layer)
    : heads(c.heads), kv_heads(c.kv_heads),
      how{.scale = c.attention_scale > 0 ? c.attention_scale : 1 / std::sqrt(double(c.head_width)), .window = c.window_of(layer)} {
  for (auto& [name, part] : {std::pair{"q", &q}, {"k", &k}, {"v", &v}, {"o", &o}}) *part = register_module(name, std::make_shared<Linear>());
}

GatedMlp::GatedMlp(const ModelConfig& c) : activation(c.activation) {
  for (auto& [name, part] : {std::pair{"gate", &gate}, {"up", &up}, {"down", &down}})
    *part = register_module(name, std::make_shared<Linear>());
}

void add_table(SlotList& list, Linear& embed, const ModelConfig& c) {
  list.under("model.", "");
  Slot& table = list.table("embed_tokens", "token_embd", embed, {c.vocab_size, c.width});
  if (c.tied_embeddings) table.also.push_back("lm_head.weight");  // a file that names the shared tensor by its other use
}

void add_head(SlotList& list, Linear* head, const ModelConfig& c) {
  list.under("", "");
  if (head) list.matrix("lm_head", "output", *head, {c.vocab_size, c.width});
}

void add_attention(SlotList& list, RotaryAttention& a, const ModelConfig& c, GgufRotary rows) {
  const std::int64_t q_width = c.heads * c.head_width, kv_width = c.kv_heads * c.head_width;
  const bool permuted = rows == GgufRotary::Permuted;
  list.matrix("self_attn.q_proj", "attn_q", *a.q, {q_width, c.width}, {.bias = c.attention_bias, .rope_heads = permuted ? c.heads : 0});
  list.matrix("self_attn.k_proj", "attn_k", *a.k, {kv_width, c.width}, {.bias = c.attention_bias, .rope_heads = permuted ? c.kv_heads : 0});
  list.matrix("self_attn.v_proj", "attn_v", *a.v, {kv_width, c.width}, {.bias = c.attention_bias});
  list.matrix("self_attn.o_proj", "attn_output", *a.o, {c.width, q_width}, {.bias = c.output_bias});
}

void add_mlp(SlotList& list, GatedMlp& mlp, const ModelConfig& c) {
  list.matrix("mlp.gate_proj", "ffn_gate", *mlp.gate, {c.mlp_width, c.width}, {.bias = c.mlp_bias});
  list.matrix("mlp.up_proj", "ffn_up", *mlp.up, {c.mlp_width, c.width}, {.bias = c.mlp_bias});
  list.matrix("mlp.down_proj", "ffn_down", *mlp.down, {c.width, c.mlp_width}, {.bias = c.mlp_bias});
}

}  // namespace engine

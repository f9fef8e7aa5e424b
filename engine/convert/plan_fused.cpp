// The families whose queries, keys and values are one matrix: GPT-2, GPT-NeoX, BLOOM, GPT-BigCode.
#include "engine/convert/plan_list.h"
#include "engine/weights/row_order.h"

namespace engine {
namespace {

// GGUF has all queries, all keys, all values, where Hugging Face has each head's three together.
std::vector<std::int64_t> regrouped(const ModelConfig& c) { return rows_of_fused_heads(c.heads, c.head_width); }

std::vector<std::int64_t> fused_shape(const ModelConfig& c) { return {(c.heads + 2 * c.kv_heads) * c.head_width, c.width}; }

void tables_of_gpt2(PlanList& list, const ModelConfig& c) {
  list.under("transformer.", "");
  list.matrix("wte", "token_embd", {c.vocab_size, c.width});
  list.matrix("wpe", "position_embd", {c.context_length, c.width});
}

void layer_of_gpt2(PlanList& list, const ModelConfig& c, std::int64_t layer, const PlannedMatrix& fused, const PlannedMatrix& other) {
  list.under("transformer.h.{}.", "blk.{}.", layer);
  list.norm("ln_1", "attn_norm", c.width, {.bias = true});
  list.matrix("attn.c_attn", "attn_qkv", fused_shape(c), fused);
  list.matrix("attn.c_proj", "attn_output", {c.width, c.width}, other);
  list.norm("ln_2", "ffn_norm", c.width, {.bias = true});
  list.matrix("mlp.c_fc", "ffn_up", {c.mlp_width, c.width}, other);
  list.matrix("mlp.c_proj", "ffn_down", {c.width, c.mlp_width}, other);
}

void end(PlanList& list, const ModelConfig& c) {
  list.under("transformer.", "");
  list.norm("ln_f", "output_norm", c.width, {.bias = true});
  list.under("", "");
  if (!c.tied_embeddings) list.matrix("lm_head", "output", {c.vocab_size, c.width});
}

}  // namespace

std::vector<PlannedTensor> plan_gpt2(const ModelConfig& c) {
  const PlannedMatrix conv1d{.bias = true, .transposed = true};
  PlanList list;
  tables_of_gpt2(list, c);
  for (std::int64_t layer = 0; layer < c.layers; ++layer) layer_of_gpt2(list, c, layer, conv1d, conv1d);
  end(list, c);
  return list.take();
}

// With one key and value for all heads the rows are all queries, the key, the value already. With keys and values of its own
// for each head llama.cpp's converter would leave each head's three together and say that there is one kv head; regrouped, with
// the true number of kv heads, they are what llama.cpp's own graph reads.
std::vector<PlannedTensor> plan_bigcode(const ModelConfig& c) {
  const PlannedMatrix fused{.bias = true, .rows = c.kv_heads == c.heads ? regrouped(c) : std::vector<std::int64_t>{}};
  PlanList list;
  tables_of_gpt2(list, c);
  for (std::int64_t layer = 0; layer < c.layers; ++layer) layer_of_gpt2(list, c, layer, fused, {.bias = true});
  end(list, c);
  return list.take();
}

std::vector<PlannedTensor> plan_neox(const ModelConfig& c) {
  PlanList list;
  list.matrix("gpt_neox.embed_in", "token_embd", {c.vocab_size, c.width});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    list.under("gpt_neox.layers.{}.", "blk.{}.", layer);
    list.norm("input_layernorm", "attn_norm", c.width, {.bias = true});
    list.matrix("attention.query_key_value", "attn_qkv", fused_shape(c), {.bias = c.attention_bias, .rows = regrouped(c)});
    list.matrix("attention.dense", "attn_output", {c.width, c.width}, {.bias = c.attention_bias});
    list.norm("post_attention_layernorm", "ffn_norm", c.width, {.bias = true});
    list.matrix("mlp.dense_h_to_4h", "ffn_up", {c.mlp_width, c.width}, {.bias = true});
    list.matrix("mlp.dense_4h_to_h", "ffn_down", {c.width, c.mlp_width}, {.bias = true});
  }
  list.under("", "");
  list.norm("gpt_neox.final_layer_norm", "output_norm", c.width, {.bias = true});
  if (!c.tied_embeddings) list.matrix("embed_out", "output", {c.vocab_size, c.width}).also = "lm_head.weight";
  return list.take();
}

std::vector<PlannedTensor> plan_bloom(const ModelConfig& c) {
  PlanList list;
  list.under("transformer.", "");
  list.matrix("word_embeddings", "token_embd", {c.vocab_size, c.width});
  list.norm("word_embeddings_layernorm", "token_embd_norm", c.width, {.bias = true});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    list.under("transformer.h.{}.", "blk.{}.", layer);
    list.norm("input_layernorm", "attn_norm", c.width, {.bias = true});
    list.matrix("self_attention.query_key_value", "attn_qkv", fused_shape(c), {.bias = true, .rows = regrouped(c)});
    list.matrix("self_attention.dense", "attn_output", {c.width, c.width}, {.bias = true});
    list.norm("post_attention_layernorm", "ffn_norm", c.width, {.bias = true});
    list.matrix("mlp.dense_h_to_4h", "ffn_up", {c.mlp_width, c.width}, {.bias = true});
    list.matrix("mlp.dense_4h_to_h", "ffn_down", {c.width, c.mlp_width}, {.bias = true});
  }
  end(list, c);
  return list.take();
}

}  // namespace engine

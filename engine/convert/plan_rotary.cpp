// The families with LLaMA's names: LLaMA, Mistral, Granite, Qwen2, Qwen3, Gemma, StableLM; and StarCoder2, whose MLP is GPT-2's.
#include "engine/convert/plan_list.h"
#include "engine/weights/row_order.h"

namespace engine {
namespace {

enum class RotaryRows { Permuted, AsIs };  // GGUF's, of queries and keys
constexpr const char *kHfLayer = "model.layers.{}.", *kGgufLayer = "blk.{}.";

void attention(PlanList& list, const ModelConfig& c, RotaryRows rotary) {
  const std::int64_t q = c.heads * c.head_width, kv = c.kv_heads * c.head_width;
  const auto turned = [&](std::int64_t rows, std::int64_t heads) {
    const bool permuted = rotary == RotaryRows::Permuted;
    return PlannedMatrix{.bias = c.attention_bias, .rows = permuted ? gguf_rope_rows(rows, heads) : std::vector<std::int64_t>{}};
  };
  list.matrix("self_attn.q_proj", "attn_q", {q, c.width}, turned(q, c.heads));
  list.matrix("self_attn.k_proj", "attn_k", {kv, c.width}, turned(kv, c.kv_heads));
  list.matrix("self_attn.v_proj", "attn_v", {kv, c.width}, {.bias = c.attention_bias});
  list.matrix("self_attn.o_proj", "attn_output", {c.width, q}, {.bias = c.output_bias});
}

void gated_mlp(PlanList& list, const ModelConfig& c) {
  list.matrix("mlp.gate_proj", "ffn_gate", {c.mlp_width, c.width}, {.bias = c.mlp_bias});
  list.matrix("mlp.up_proj", "ffn_up", {c.mlp_width, c.width}, {.bias = c.mlp_bias});
  list.matrix("mlp.down_proj", "ffn_down", {c.width, c.mlp_width}, {.bias = c.mlp_bias});
}

void table(PlanList& list, const ModelConfig& c) { list.matrix("model.embed_tokens", "token_embd", {c.vocab_size, c.width}); }

void end(PlanList& list, const ModelConfig& c, PlannedNorm norm) {
  list.under("", "");
  list.norm("model.norm", "output_norm", c.width, norm);
  if (!c.tied_embeddings) list.matrix("lm_head", "output", {c.vocab_size, c.width});
}

std::vector<PlannedTensor> with_rms_norms(const ModelConfig& c, RotaryRows rotary, PlannedNorm norm = {}) {
  PlanList list;
  table(list, c);
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    list.under(kHfLayer, kGgufLayer, layer);
    list.norm("input_layernorm", "attn_norm", c.width, norm);
    attention(list, c, rotary);
    if (c.architecture == "qwen3") {
      list.norm("self_attn.q_norm", "attn_q_norm", c.head_width);
      list.norm("self_attn.k_norm", "attn_k_norm", c.head_width);
    }
    list.norm("post_attention_layernorm", "ffn_norm", c.width, norm);
    gated_mlp(list, c);
  }
  end(list, c, norm);
  return list.take();
}

}  // namespace

std::vector<PlannedTensor> plan_llama(const ModelConfig& c) { return with_rms_norms(c, RotaryRows::Permuted); }

std::vector<PlannedTensor> plan_qwen(const ModelConfig& c) { return with_rms_norms(c, RotaryRows::AsIs); }

std::vector<PlannedTensor> plan_gemma(const ModelConfig& c) { return with_rms_norms(c, RotaryRows::AsIs, {.more = 1}); }

std::vector<PlannedTensor> plan_stablelm(const ModelConfig& c) {
  PlanList list;
  table(list, c);
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    list.under(kHfLayer, kGgufLayer, layer);
    list.norm("input_layernorm", "attn_norm", c.width, {.bias = true});
    attention(list, c, RotaryRows::AsIs);
    if (c.head_norms) {
      list.norms_of_heads("self_attn.q_layernorm.norms", "attn_q_norm", c.heads, c.head_width);
      list.norms_of_heads("self_attn.k_layernorm.norms", "attn_k_norm", c.kv_heads, c.head_width);
    }
    if (!c.parallel_residual) list.norm("post_attention_layernorm", "ffn_norm", c.width, {.bias = true});
    gated_mlp(list, c);
  }
  end(list, c, {.bias = true});
  return list.take();
}

std::vector<PlannedTensor> plan_starcoder2(const ModelConfig& config) {
  ModelConfig c = config;
  c.output_bias = c.attention_bias;
  PlanList list;
  table(list, c);
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    list.under(kHfLayer, kGgufLayer, layer);
    list.norm("input_layernorm", "attn_norm", c.width, {.bias = true});
    attention(list, c, RotaryRows::AsIs);
    list.norm("post_attention_layernorm", "ffn_norm", c.width, {.bias = true});
    list.matrix("mlp.c_fc", "ffn_up", {c.mlp_width, c.width}, {.bias = c.mlp_bias});
    list.matrix("mlp.c_proj", "ffn_down", {c.width, c.mlp_width}, {.bias = c.mlp_bias});
  }
  end(list, c, {.bias = true});
  return list.take();
}

}  // namespace engine

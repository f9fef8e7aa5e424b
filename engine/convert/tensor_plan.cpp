#include "engine/convert/tensor_plan.h"

namespace engine {
namespace {

struct Matrix {
  const char *hugging_face, *gguf;
  std::int64_t rows, columns;
  bool has_bias = false;
  std::int64_t rope_heads = 0;
  TensorRole role = TensorRole::Matrix;
};

struct Block {
  std::vector<PlannedTensor>& out;
  std::int64_t layer;

  void norm(const char* hugging_face, const char* gguf, std::int64_t width) const {
    out.push_back({fmt::format("model.layers.{}.{}.weight", layer, hugging_face), fmt::format("blk.{}.{}.weight", layer, gguf), {width}, TensorRole::Norm});
  }
  void matrix(const Matrix& m) const {
    const std::string hugging_face = fmt::format("model.layers.{}.{}", layer, m.hugging_face), gguf = fmt::format("blk.{}.{}", layer, m.gguf);
    out.push_back({hugging_face + ".weight", gguf + ".weight", {m.rows, m.columns}, m.role, m.rope_heads});
    if (m.has_bias) out.push_back({hugging_face + ".bias", gguf + ".bias", {m.rows}, TensorRole::Bias, m.rope_heads});
  }
};

// LLaMA and what shares its wiring and names. GGUF permutes rotary rows of "llama" alone.
std::vector<PlannedTensor> llama_plan(const ModelConfig& c) {
  const bool qwen2 = c.architecture == "qwen2";
  const std::int64_t q = c.heads * c.head_width, kv = c.kv_heads * c.head_width;
  const bool bias = c.attention_bias || qwen2;
  std::vector<PlannedTensor> out;
  out.push_back({"model.embed_tokens.weight", "token_embd.weight", {c.vocab_size, c.width}, TensorRole::Embedding});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    const Block block{out, layer};
    block.norm("input_layernorm", "attn_norm", c.width);
    block.matrix({"self_attn.q_proj", "attn_q", q, c.width, bias, qwen2 ? 0 : c.heads});
    block.matrix({"self_attn.k_proj", "attn_k", kv, c.width, bias, qwen2 ? 0 : c.kv_heads});
    block.matrix({"self_attn.v_proj", "attn_v", kv, c.width, bias});
    block.matrix({"self_attn.o_proj", "attn_output", c.width, q, c.attention_bias && !qwen2, 0, TensorRole::Output});
    block.norm("post_attention_layernorm", "ffn_norm", c.width);
    block.matrix({"mlp.gate_proj", "ffn_gate", c.mlp_width, c.width, c.mlp_bias});
    block.matrix({"mlp.up_proj", "ffn_up", c.mlp_width, c.width, c.mlp_bias});
    block.matrix({"mlp.down_proj", "ffn_down", c.width, c.mlp_width, c.mlp_bias, 0, TensorRole::Output});
  }
  out.push_back({"model.norm.weight", "output_norm.weight", {c.width}, TensorRole::Norm});
  if (!c.tied_embeddings) out.push_back({"lm_head.weight", "output.weight", {c.vocab_size, c.width}, TensorRole::Head});
  return out;
}

}  // namespace

base::Result<std::vector<PlannedTensor>> tensor_plan(const ModelConfig& config) {
  if (config.architecture == "llama" || config.architecture == "qwen2") return llama_plan(config);
  return base::fail(base::ErrorCode::Unsupported, "architecture '{}' cannot be written as GGUF yet: supported are llama and qwen2", config.architecture);
}

std::vector<std::int64_t> gguf_row_order(std::int64_t rows, std::int64_t heads) {
  const std::int64_t width = rows / heads, half = width / 2;
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r) order[std::size_t(r)] = r / width * width + r % 2 * half + r % width / 2;
  return order;
}

}  // namespace engine

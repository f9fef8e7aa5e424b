// llama.cpp: LLaMA (Touvron et al. 2023, arXiv 2302.13971) and what shares its wiring: SmolLM2, CodeLlama, DeepSeek-Coder.
// Shapes: T new tokens, D width.
#include <torch/torch.h>

#include <cmath>

#include "engine/layers/linear.h"
#include "engine/layers/norm.h"
#include "engine/layers/rope.h"
#include "engine/layers/step.h"
#include "engine/models/model.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

using torch::Tensor;

// ---- block -----------------------------------------------------------------------------------------------------------

struct LlamaAttention : torch::nn::Module {
  explicit LlamaAttention(const ModelConfig& c) : heads(c.heads), kv_heads(c.kv_heads), how{.scale = 1 / std::sqrt(double(c.head_width))} {
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

struct LlamaMlp : torch::nn::Module {  // SwiGLU; Shazeer 2020, arXiv 2002.05202
  LlamaMlp() {
    for (auto& [name, part] : {std::pair{"gate", &gate}, {"up", &up}, {"down", &down}})
      *part = register_module(name, std::make_shared<Linear>());
  }
  Tensor forward(const Tensor& x_TD) { return down->forward(torch::silu(gate->forward(x_TD)).mul_(up->forward(x_TD))); }

  std::shared_ptr<Linear> gate, up, down;
};

struct LlamaBlock : torch::nn::Module {
  explicit LlamaBlock(const ModelConfig& c)
      : attention_norm(register_module("attention_norm", std::make_shared<RmsNorm>(c.norm_epsilon))),
        attention(register_module("attention", std::make_shared<LlamaAttention>(c))),
        mlp_norm(register_module("mlp_norm", std::make_shared<RmsNorm>(c.norm_epsilon))),
        mlp(register_module("mlp", std::make_shared<LlamaMlp>())) {}

  Tensor forward(Tensor x_TD, Step& step) {
    x_TD = x_TD + attention->forward(attention_norm->forward(x_TD), step);
    return x_TD + mlp->forward(mlp_norm->forward(x_TD));
  }

  std::shared_ptr<RmsNorm> attention_norm;
  std::shared_ptr<LlamaAttention> attention;
  std::shared_ptr<RmsNorm> mlp_norm;
  std::shared_ptr<LlamaMlp> mlp;
};

class LlamaModel : public Model {
 public:
  explicit LlamaModel(const ModelConfig& config)
      : config_(config), embed_(register_module("embed", std::make_shared<Linear>())),
        norm_(register_module("norm", std::make_shared<RmsNorm>(config.norm_epsilon))) {
    for (std::int64_t i = 0; i < config.layers; ++i)
      blocks_.push_back(register_module("block" + std::to_string(i), std::make_shared<LlamaBlock>(config)));
    if (!config.tied_embeddings) head_ = register_module("head", std::make_shared<Linear>());
  }

  const ModelConfig& config() const override { return config_; }
  std::vector<Slot> slots() override;

  void ready(torch::Device device, torch::Dtype dtype, const Tensor& rope_factors) override {
    rope_ = Rope(rope_frequencies(config_.rope, config_.head_width, rope_factors), rope_attention_factor(config_.rope), device, dtype);
  }

  Tensor forward(const Batch& batch, LogitsOf wanted) override {
    Step step{batch, rotations(rope_, batch)};
    Tensor x_TD = embed_->rows(batch.ids_T);
    for (; step.layer < config_.layers; ++step.layer) x_TD = blocks_[size_t(step.layer)]->forward(x_TD, step);
    batch.advance();
    x_TD = norm_->forward(batch.rows_of(x_TD, wanted));
    return (head_ ? head_ : embed_)->forward(x_TD).to(torch::kFloat32);
  }

 private:
  ModelConfig config_;
  std::shared_ptr<Linear> embed_;
  std::vector<std::shared_ptr<LlamaBlock>> blocks_;
  std::shared_ptr<RmsNorm> norm_;
  std::shared_ptr<Linear> head_;  // null: tied to embed_
  Rope rope_;
};

// ---- weight names ----------------------------------------------------------------------------------------------------

std::vector<Slot> LlamaModel::slots() {
  const ModelConfig& c = config_;
  const std::int64_t q_width = c.heads * c.head_width, kv_width = c.kv_heads * c.head_width;
  SlotList list;
  list.table("model.embed_tokens", "token_embd", *embed_, {c.vocab_size, c.width});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    LlamaBlock& b = *blocks_[size_t(layer)];
    list.under("model.layers.{}.", "blk.{}.", layer);
    list.rms_norm("input_layernorm", "attn_norm", *b.attention_norm, c.width);
    list.matrix("self_attn.q_proj", "attn_q", *b.attention->q, {q_width, c.width}, {.bias = c.attention_bias, .rope_heads = c.heads});
    list.matrix("self_attn.k_proj", "attn_k", *b.attention->k, {kv_width, c.width}, {.bias = c.attention_bias, .rope_heads = c.kv_heads});
    list.matrix("self_attn.v_proj", "attn_v", *b.attention->v, {kv_width, c.width}, {.bias = c.attention_bias});
    list.matrix("self_attn.o_proj", "attn_output", *b.attention->o, {c.width, q_width}, {.bias = c.attention_bias});
    list.rms_norm("post_attention_layernorm", "ffn_norm", *b.mlp_norm, c.width);
    list.matrix("mlp.gate_proj", "ffn_gate", *b.mlp->gate, {c.mlp_width, c.width}, {.bias = c.mlp_bias});
    list.matrix("mlp.up_proj", "ffn_up", *b.mlp->up, {c.mlp_width, c.width}, {.bias = c.mlp_bias});
    list.matrix("mlp.down_proj", "ffn_down", *b.mlp->down, {c.width, c.mlp_width}, {.bias = c.mlp_bias});
  }
  list.under("", "");
  list.rms_norm("model.norm", "output_norm", *norm_, c.width);
  if (head_) list.matrix("lm_head", "output", *head_, {c.vocab_size, c.width});
  return list.take();
}

std::unique_ptr<Model> make_llama(const ModelConfig& config) { return std::make_unique<LlamaModel>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kLlama;
const Architecture kLlama = {"llama", make_llama};

}  // namespace engine

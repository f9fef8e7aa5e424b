// llama.cpp: LLaMA (Touvron et al. 2023, arXiv 2302.13971) and what shares its wiring: SmolLM2, CodeLlama, DeepSeek-Coder.
// Shapes: T new tokens, D width, H query heads, K kv heads, V vocabulary.
#include <torch/torch.h>

#include "engine/layers/attention.h"
#include "engine/layers/linear.h"
#include "engine/layers/norm.h"
#include "engine/layers/rope.h"
#include "engine/models/model.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

using torch::Tensor;

// ---- block -----------------------------------------------------------------------------------------------------------

struct Step {
  Rope::Rows rope;  // of the new tokens' positions
  Tensor mask;      // of the new tokens, against all
  KvCache& cache;
  std::int64_t layer = 0;
};

struct LlamaAttention : torch::nn::Module {
  explicit LlamaAttention(const ModelConfig& c) : heads(c.heads), kv_heads(c.kv_heads) {
    for (auto& [name, part] : {std::pair{"q", &q}, {"k", &k}, {"v", &v}, {"o", &o}})
      *part = register_module(name, std::make_shared<Linear>());
  }

  Tensor forward(const Tensor& x_TD, Step& step) {
    const Tensor queries = Rope::apply(by_head(q->forward(x_TD), heads), step.rope);
    const Tensor keys = Rope::apply(by_head(k->forward(x_TD), kv_heads), step.rope);
    const KvCache::View seen = step.cache.append(step.layer, keys, by_head(v->forward(x_TD), kv_heads));
    return o->forward(attend(queries, seen.keys_KSD, seen.values_KSD, step.mask));
  }

  // [T, heads * width] -> [heads, T, width]
  static Tensor by_head(const Tensor& x, std::int64_t heads) { return x.view({x.size(0), heads, -1}).transpose(0, 1); }

  std::int64_t heads, kv_heads;
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

  Tensor forward(const Tensor& ids_T, KvCache& cache, bool last_only) override {
    const std::int64_t count = ids_T.size(0), seen = cache.length() + count;
    Tensor x_TD = embed_->rows(ids_T);
    Step step{rope_.at(cache.length(), count), causal_mask(config_.heads / config_.kv_heads, count, seen, x_TD.options()), cache};
    for (; step.layer < config_.layers; ++step.layer) x_TD = blocks_[size_t(step.layer)]->forward(x_TD, step);
    cache.advance(count);
    if (last_only) x_TD = x_TD.narrow(0, count - 1, 1);
    return (head_ ? head_ : embed_)->forward(norm_->forward(x_TD)).to(torch::kFloat32);
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

struct NormName {
  const char *hugging_face, *gguf;
  std::shared_ptr<RmsNorm> LlamaBlock::*part;
};
const NormName kNorms[] = {
    {"model.layers.{}.input_layernorm", "blk.{}.attn_norm", &LlamaBlock::attention_norm},
    {"model.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm", &LlamaBlock::mlp_norm},
};

// Every matrix of a block: its names and its shape.
std::vector<Slot> matrices(LlamaBlock& b, const ModelConfig& c) {
  const std::int64_t q_width = c.heads * c.head_width, kv_width = c.kv_heads * c.head_width;
  return {
      {"model.layers.{}.self_attn.q_proj", "blk.{}.attn_q", {q_width, c.width}, b.attention->q.get(), nullptr, nullptr, c.heads},
      {"model.layers.{}.self_attn.k_proj", "blk.{}.attn_k", {kv_width, c.width}, b.attention->k.get(), nullptr, nullptr, c.kv_heads},
      {"model.layers.{}.self_attn.v_proj", "blk.{}.attn_v", {kv_width, c.width}, b.attention->v.get()},
      {"model.layers.{}.self_attn.o_proj", "blk.{}.attn_output", {c.width, q_width}, b.attention->o.get()},
      {"model.layers.{}.mlp.gate_proj", "blk.{}.ffn_gate", {c.mlp_width, c.width}, b.mlp->gate.get()},
      {"model.layers.{}.mlp.up_proj", "blk.{}.ffn_up", {c.mlp_width, c.width}, b.mlp->up.get()},
      {"model.layers.{}.mlp.down_proj", "blk.{}.ffn_down", {c.width, c.mlp_width}, b.mlp->down.get()},
  };
}

void add_matrix(std::vector<Slot>& slots, Slot slot, std::int64_t layer, bool with_bias) {
  const std::string hugging_face = numbered(slot.hugging_face, layer), gguf = numbered(slot.gguf, layer);
  if (with_bias)
    slots.push_back({hugging_face + ".bias", gguf + ".bias", {slot.shape[0]}, nullptr, slot.matrix, nullptr, slot.rope_heads});
  slot.hugging_face = hugging_face + ".weight";
  slot.gguf = gguf + ".weight";
  slots.push_back(std::move(slot));
}

std::vector<Slot> LlamaModel::slots() {
  const ModelConfig& c = config_;
  std::vector<Slot> slots;
  slots.push_back({"model.embed_tokens.weight", "token_embd.weight", {c.vocab_size, c.width}, embed_.get()});
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    LlamaBlock& block = *blocks_[size_t(layer)];
    for (const NormName& name : kNorms)
      slots.push_back({numbered(name.hugging_face, layer) + ".weight", numbered(name.gguf, layer) + ".weight", {c.width}, nullptr,
                       nullptr, (block.*name.part).get()});
    for (const Slot& slot : matrices(block, c)) {
      const bool attention = slot.hugging_face.find("self_attn") != std::string::npos;
      add_matrix(slots, slot, layer, attention ? c.attention_bias : c.mlp_bias);
    }
  }
  slots.push_back({"model.norm.weight", "output_norm.weight", {c.width}, nullptr, nullptr, norm_.get()});
  if (head_) slots.push_back({"lm_head.weight", "output.weight", {c.vocab_size, c.width}, head_.get()});
  return slots;
}

std::unique_ptr<Model> make_llama(const ModelConfig& config) { return std::make_unique<LlamaModel>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kLlama;
const Architecture kLlama = {"llama", make_llama};

}  // namespace engine

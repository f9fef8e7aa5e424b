// stablelm.cpp: StableLM 3B, StableLM 2 (2024, arXiv 2402.17834) and Stable Code: LLaMA's attention and MLP with a part of each
// head turned, layer norms with biases, perhaps one norm a block (parallel residual), perhaps norms of each head.
// Shapes: T new tokens, D width, H heads, K head width.
#include "engine/models/rotary.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

// ---- block -----------------------------------------------------------------------------------------------------------

// A layer norm with a weight of its own for each head, and no bias.
struct PerHeadNorm : torch::nn::Module {
  PerHeadNorm(double epsilon, std::int64_t heads) : epsilon_(epsilon) {
    for (std::int64_t h = 0; h < heads; ++h) parts.push_back(register_module(std::to_string(h), std::make_shared<LayerNorm>(epsilon)));
  }
  void ready() {
    std::vector<Tensor> weights;
    for (const auto& part : parts) weights.push_back(part->weight());
    weight_H1K_ = torch::stack(weights).unsqueeze(1);
  }
  Tensor forward(const Tensor& x_HTK) const { return torch::layer_norm(x_HTK, {x_HTK.size(-1)}, {}, {}, epsilon_) * weight_H1K_; }

  std::vector<std::shared_ptr<LayerNorm>> parts;  // where files put them

 private:
  double epsilon_;
  Tensor weight_H1K_;
};

struct StableLmAttention : RotaryAttention {
  StableLmAttention(const ModelConfig& c, std::int64_t layer) : RotaryAttention(c, layer) {
    if (!c.head_norms) return;
    q_norm = register_module("q_norm", std::make_shared<PerHeadNorm>(c.norm_epsilon, c.heads));
    k_norm = register_module("k_norm", std::make_shared<PerHeadNorm>(c.norm_epsilon, c.kv_heads));
  }

  Tensor forward(const Tensor& x_TD, Step& step) const {
    if (!q_norm) return RotaryAttention::forward(x_TD, step);
    const Tensor queries = q_norm->forward(by_head(q->forward(x_TD), heads)), keys = k_norm->forward(by_head(k->forward(x_TD), kv_heads));
    return output(queries, keys, by_head(v->forward(x_TD), kv_heads), step);
  }

  std::shared_ptr<PerHeadNorm> q_norm, k_norm;  // null: none
};

struct StableLmBlock : torch::nn::Module {
  StableLmBlock(const ModelConfig& c, std::int64_t layer)
      : norm(register_module("norm", std::make_shared<LayerNorm>(c.norm_epsilon))),
        attention(register_module("attention", std::make_shared<StableLmAttention>(c, layer))),
        mlp(register_module("mlp", std::make_shared<GatedMlp>(c))) {
    if (!c.parallel_residual) mlp_norm = register_module("mlp_norm", std::make_shared<LayerNorm>(c.norm_epsilon));
  }

  Tensor forward(const Tensor& x_TD, Step& step) { return mlp_norm ? one_after_the_other(x_TD, step) : in_parallel(x_TD, step); }

  Tensor one_after_the_other(Tensor x_TD, Step& step) {
    x_TD = x_TD + attention->forward(norm->forward(x_TD), step);
    return x_TD + mlp->forward(mlp_norm->forward(x_TD));
  }
  Tensor in_parallel(const Tensor& x_TD, Step& step) {
    const Tensor normed_TD = norm->forward(x_TD);
    return x_TD + attention->forward(normed_TD, step) + mlp->forward(normed_TD);
  }

  std::shared_ptr<LayerNorm> norm;
  std::shared_ptr<StableLmAttention> attention;
  std::shared_ptr<GatedMlp> mlp;
  std::shared_ptr<LayerNorm> mlp_norm;  // null: attention and MLP are parallel
};

class StableLmModel : public Decoder<StableLmBlock> {
 public:
  explicit StableLmModel(const ModelConfig& c) : Decoder(c) {}

  std::vector<Slot> slots() override;

  void ready(torch::Device device, torch::Dtype dtype, const Tensor& rope_factors) override {
    Decoder::ready(device, dtype, rope_factors);
    for (const auto& block : blocks_)
      for (const auto& norm : {block->attention->q_norm, block->attention->k_norm})
        if (norm) norm->ready();
  }
};

// ---- weight names ----------------------------------------------------------------------------------------------------

// Hugging Face has a tensor for each head, GGUF one for all.
void add_head_norms(SlotList& list, const char* hugging_face, const char* gguf, const PerHeadNorm& norm, std::int64_t width) {
  for (size_t h = 0; h < norm.parts.size(); ++h) {
    Slot& slot = list.rms_norm(std::string(hugging_face) + ".norms." + std::to_string(h), gguf, *norm.parts[h], width);
    slot.in_gguf.stacked = std::int64_t(norm.parts.size()), slot.in_gguf.place = std::int64_t(h);
  }
}

std::vector<Slot> StableLmModel::slots() {
  SlotList list;
  add_table(list, *embed_, config_);
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    const StableLmBlock& block = *blocks_[size_t(layer)];
    list.under(kHfLayer, kGgufLayer, layer);
    list.layer_norm("input_layernorm", "attn_norm", *block.norm, config_.width);
    add_attention(list, *block.attention, config_, GgufRotary::AsIs);
    if (block.attention->q_norm) {
      add_head_norms(list, "self_attn.q_layernorm", "attn_q_norm", *block.attention->q_norm, config_.head_width);
      add_head_norms(list, "self_attn.k_layernorm", "attn_k_norm", *block.attention->k_norm, config_.head_width);
    }
    if (block.mlp_norm) list.layer_norm("post_attention_layernorm", "ffn_norm", *block.mlp_norm, config_.width);
    add_mlp(list, *block.mlp, config_);
  }
  list.under("model.", "");
  list.layer_norm("norm", "output_norm", *norm_, config_.width);
  add_head(list, head_.get(), config_);
  return list.take();
}

std::unique_ptr<Model> make_stablelm(const ModelConfig& config) { return std::make_unique<StableLmModel>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kStableLm;
const Architecture kStableLm = {"stablelm", make_stablelm};

}  // namespace engine

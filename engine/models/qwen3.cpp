// qwen3.cpp: Qwen3 (2025, arXiv 2505.09388): Qwen2 without its biases, each head's queries and keys normalised before they turn.
// Shapes: T new tokens, D width.
#include "engine/models/rotary.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

// ---- block -----------------------------------------------------------------------------------------------------------

struct Qwen3Attention : RotaryAttention {
  Qwen3Attention(const ModelConfig& c, std::int64_t layer)
      : RotaryAttention(c, layer), q_norm(register_module("q_norm", std::make_shared<RmsNorm>(c.norm_epsilon))),
        k_norm(register_module("k_norm", std::make_shared<RmsNorm>(c.norm_epsilon))) {}

  Tensor forward(const Tensor& x_TD, Step& step) const {
    const Tensor queries = q_norm->forward(by_head(q->forward(x_TD), heads));
    const Tensor keys = k_norm->forward(by_head(k->forward(x_TD), kv_heads));
    return output(queries, keys, by_head(v->forward(x_TD), kv_heads), step);
  }

  std::shared_ptr<RmsNorm> q_norm, k_norm;  // over a head's width, the same for every head
};

class Qwen3Model : public Decoder<RmsNormBlock<Qwen3Attention>, RmsNorm> {
 public:
  explicit Qwen3Model(const ModelConfig& c) : Decoder(c) {}

  std::vector<Slot> slots() override;
  std::shared_ptr<PackableParts> parts() override;
};

std::shared_ptr<PackableParts> Qwen3Model::parts() {
  auto parts = packable_parts();
  for (size_t i = 0; i < blocks_.size(); ++i)
    parts->layers[i].q_norm = blocks_[i]->attention->q_norm.get(), parts->layers[i].k_norm = blocks_[i]->attention->k_norm.get();
  return parts;
}

// ---- weight names ----------------------------------------------------------------------------------------------------

std::vector<Slot> Qwen3Model::slots() {
  SlotList list;
  add_table(list, *embed_, config_);
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    auto& block = *blocks_[size_t(layer)];
    list.under(kHfLayer, kGgufLayer, layer);
    add_block(list, block, config_, GgufRotary::AsIs);
    list.rms_norm("self_attn.q_norm", "attn_q_norm", *block.attention->q_norm, config_.head_width);
    list.rms_norm("self_attn.k_norm", "attn_k_norm", *block.attention->k_norm, config_.head_width);
  }
  list.under("model.", "");
  list.rms_norm("norm", "output_norm", *norm_, config_.width);
  add_head(list, head_.get(), config_);
  return list.take();
}

std::unique_ptr<Model> make_qwen3(const ModelConfig& config) { return std::make_unique<Qwen3Model>(config); }

}  // namespace

// ---- entry -----------------------------------------------------------------------------------------------------------

extern const Architecture kQwen3;
const Architecture kQwen3 = {"qwen3", make_qwen3};

}  // namespace engine

// decoder.h: the frame that all families share: an embedding, blocks, a last norm, and a head that may be the embedding. An
// architecture derives from Decoder<its block, its last norm>, names its weights in slots(), and changes embedded() where the
// blocks read more than the tokens' rows. A block is made from a ModelConfig and its layer, and has forward(x_TD, step).
// Shapes: T new tokens, D width.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/layers/mlp.h"
#include "engine/layers/norm.h"
#include "engine/layers/recomputed.h"
#include "engine/layers/step.h"
#include "engine/models/model.h"
#include "engine/models/packed_model.h"

namespace engine {

// The parts of a block, and the usual wiring: each branch reads a norm of the stream and adds to it.
template <class AttentionLayer>
struct PreNormBlock : torch::nn::Module {
  explicit PreNormBlock(const ModelConfig& c, std::int64_t /*layer*/ = 0)
      : attention_norm(register_module("attention_norm", std::make_shared<LayerNorm>(c.norm_epsilon))),
        attention(register_module("attention", std::make_shared<AttentionLayer>(c))),
        mlp_norm(register_module("mlp_norm", std::make_shared<LayerNorm>(c.norm_epsilon))),
        mlp(register_module("mlp", std::make_shared<Mlp>(c.activation))) {}

  torch::Tensor forward(torch::Tensor x_TD, Step& step) {
    x_TD = x_TD + attention->forward(attention_norm->forward(x_TD), step);
    return x_TD + mlp->forward(mlp_norm->forward(x_TD));
  }

  std::shared_ptr<LayerNorm> attention_norm;
  std::shared_ptr<AttentionLayer> attention;
  std::shared_ptr<LayerNorm> mlp_norm;
  std::shared_ptr<Mlp> mlp;
};

template <class Block, class LastNorm = LayerNorm>
class Decoder : public Model {
 public:
  explicit Decoder(const ModelConfig& config)
      : config_(config), embed_(register_module("embed", std::make_shared<Linear>())),
        norm_(register_module("norm", std::make_shared<LastNorm>(config.norm_epsilon))) {
    for (std::int64_t i = 0; i < config.layers; ++i)
      blocks_.push_back(register_module("block" + std::to_string(i), std::make_shared<Block>(config, i)));
    if (!config.tied_embeddings) head_ = register_module("head", std::make_shared<Linear>());
  }

  const ModelConfig& config() const override { return config_; }

  void ready(torch::Device device, torch::Dtype dtype, const torch::Tensor& rope_factors) override {
    if (config_.rotary_width > 0)
      rope_ = Rope(rope_frequencies(config_.rope, config_.rotary_width, rope_factors), rope_attention_factor(config_.rope), device, dtype);
  }

  torch::Tensor forward(const Batch& batch, LogitsOf wanted) override {
    const torch::Tensor x_TD = hidden(batch);
    return x_TD.defined() ? logits(batch.rows_of(x_TD, wanted)) : x_TD;
  }

  torch::Tensor hidden(const Batch& batch) override {
    Step step{batch, config_.rotary_width > 0 ? rotations(rope_, batch) : Rope::Rows{}};
    torch::Tensor x_TD = embedded(batch);
    if (batch.recompute && torch::GradMode::is_enabled()) return keeping_inputs(batch, step.rope, x_TD);
    for (; step.layer < config_.layers; ++step.layer) {
      if (batch.stop.stop_requested()) return {};
      x_TD = blocks_[size_t(step.layer)]->forward(x_TD, step);
    }
    batch.advance();
    return x_TD;
  }

  torch::Tensor logits(const torch::Tensor& x_TD) override {
    return (head_ ? head_ : embed_)->forward(norm_->forward(x_TD)).to(torch::kFloat32);
  }

 protected:
  // hidden() for training with less memory.
  torch::Tensor keeping_inputs(const Batch& batch, const Rope::Rows& rope, torch::Tensor x_TD) {
    const auto kept = std::make_shared<Batch>(batch);
    for (std::int64_t layer = 0; layer < config_.layers; ++layer)
      x_TD = recomputed(x_TD, [kept, rope, layer, block = blocks_[size_t(layer)]](torch::Tensor x) {
        Step step{*kept, rope, layer};
        return block->forward(std::move(x), step);
      });
    return x_TD;
  }

  // What the first block reads.
  virtual torch::Tensor embedded(const Batch& batch) { return embed_->rows(batch.ids_T); }

  // For parts(), where Block is of RmsNormBlock's kind.
  std::shared_ptr<PackableParts> packable_parts() const {
    auto parts = std::make_shared<PackableParts>();
    parts->embed = embed_.get(), parts->norm = norm_.get(), parts->head = head_.get();
    parts->rope_frequencies = rope_.frequencies();
    for (const auto& block : blocks_) parts->layers.push_back(packable_layer(*block));
    return parts;
  }

  ModelConfig config_;
  std::shared_ptr<Linear> embed_;
  std::vector<std::shared_ptr<Block>> blocks_;
  std::shared_ptr<LastNorm> norm_;
  std::shared_ptr<Linear> head_;  // null: tied to embed_
  Rope rope_;
};

}  // namespace engine

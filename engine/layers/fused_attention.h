// fused_attention.h: attention whose queries, keys and values come from one matrix, [queries; keys; values] by rows.
// Its matrices are filled by the model's slots; forward() rotates positions where the step has rotations. Engine thread.
// Shapes: T new tokens, D width, H query heads, K kv heads.
#pragma once

#include <torch/torch.h>

#include <memory>

#include "engine/config.h"
#include "engine/layers/linear.h"
#include "engine/layers/step.h"

namespace engine {

struct FusedAttention : torch::nn::Module {
  explicit FusedAttention(const ModelConfig& c)
      : heads(c.heads), kv_heads(c.kv_heads), head_width(c.head_width), how{.scale = c.attention_scale, .window = c.sliding_window},
        qkv(register_module("qkv", std::make_shared<Linear>())), o(register_module("o", std::make_shared<Linear>())) {}

  torch::Tensor forward(const torch::Tensor& x_TD, Step& step) {
    const torch::Tensor fused = qkv->forward(x_TD);
    const auto part = [&](std::int64_t first, std::int64_t count) { return by_head(fused.narrow(1, first * head_width, count * head_width), count); };
    torch::Tensor queries = part(0, heads), keys = part(heads, kv_heads);
    if (step.rope.cos_TD.defined()) queries = Rope::apply(queries, step.rope), keys = Rope::apply(keys, step.rope);
    return o->forward(attend(step, queries, keys, part(heads + kv_heads, kv_heads), how));
  }

  // Rows of qkv.
  std::int64_t fused_width() const { return (heads + 2 * kv_heads) * head_width; }

  std::int64_t heads, kv_heads, head_width;
  Attention how;
  std::shared_ptr<Linear> qkv, o;
};

}  // namespace engine

#include "app/finetune/memory.h"

#include <algorithm>

namespace app {
namespace {

constexpr std::int64_t kProgram = 300'000'000;  // libtorch, threads' buffers
constexpr std::int64_t kLogitRows = 1024;       // whose logits are held at once (engine/train/loss.cpp)

struct Widths {
  std::int64_t q, kv, mlp_matrices;
};

Widths widths_of(const engine::ModelConfig& c) {
  const bool gated = c.activation == engine::Activation::Silu;
  return {c.heads * c.head_width, c.kv_heads * c.head_width, gated ? 3 : 2};
}

}  // namespace

std::int64_t block_parameters(const engine::ModelConfig& c) {
  const Widths w = widths_of(c);
  return c.layers * (c.width * (2 * w.q + 2 * w.kv) + w.mlp_matrices * c.width * c.mlp_width);
}

std::int64_t all_parameters(const engine::ModelConfig& c) {
  const std::int64_t tables = c.tied_embeddings ? 1 : 2;
  return block_parameters(c) + tables * c.vocab_size * c.width + (c.rotary_width == 0 ? c.context_length * c.width : 0);
}

std::int64_t lora_parameters(const engine::ModelConfig& c, std::int64_t rank) {
  const Widths w = widths_of(c);
  return c.layers * rank * (4 * c.width + 2 * w.q + 2 * w.kv + w.mlp_matrices * (c.width + c.mlp_width));
}

MemoryNeeded memory_needed(const engine::ModelConfig& c, const MemoryPlan& plan) {
  const Widths w = widths_of(c);
  const std::int64_t product = plan.bf16 ? 2 : 4;  // bytes of what matrix products read and give
  // Of a token in a block: the stream twice in f32; norms' outputs, queries, keys and values before and after rotation, attention's, the MLP's.
  const std::int64_t block = 8 * c.width + product * (2 * c.width + 3 * (w.q + 2 * w.kv) + w.q + w.mlp_matrices * c.mlp_width + c.mlp_width);
  const std::int64_t kept = plan.recompute ? c.layers * 4 * c.width + block : c.layers * block;
  MemoryNeeded out;
  out.weights = plan.weight_bytes + kProgram;
  out.optimizer = plan.trained * 12;  // a gradient and two moments; the value is among the weights
  out.activations = std::max(plan.micro_tokens, plan.context) * (kept + 8 * c.width) + kLogitRows * c.vocab_size * 4 * 2;
  return out;
}

base::Result<void> enough_memory(const MemoryNeeded& needed, std::int64_t available, const MemoryPlan& plan) {
  if (available <= 0 || needed.total() <= available) return {};
  const auto gb = [](std::int64_t bytes) { return double(bytes) / 1e9; };
  return base::fail(base::ErrorCode::OutOfMemory,
                    "fine-tuning would need about {:.1f} GB ({:.1f} for weights, {:.1f} for the optimizer, {:.1f} for {} tokens at a time), but only {:.1f} GB "
                    "are free: a smaller --micro-tokens{}{} needs less",
                    gb(needed.total()), gb(needed.weights), gb(needed.optimizer), gb(needed.activations), plan.micro_tokens, gb(available),
                    plan.recompute ? "" : ", --recompute", plan.trained > 100'000'000 ? ", --lora 16" : "");
}

}  // namespace app

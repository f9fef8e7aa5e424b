// GGUF's keys of LLaMA (and Mistral, which GGUF calls llama), Qwen2, Qwen3, Gemma, Granite and StableLM.
#include "engine/config/gguf_families.h"

namespace engine {
namespace {

// What these families spell alike; which biases there are, the tensors say.
base::Result<void> read_rotary(const GgufReader& in, ModelConfig& config) {
  if (auto done = read_gguf_sizes(in, config); !done) return done;
  if (auto done = in.maybe_positive("attention.layer_norm_rms_epsilon", 1, config.norm_epsilon); !done) return done;
  if (auto done = check_gguf_shape(in, config); !done) return done;
  if (auto done = read_gguf_rope(in, config); !done) return done;
  if (auto done = in.maybe_integer("attention.sliding_window", {0, kContext.most}, config.sliding_window); !done) return done;
  config.attention_bias = in.has_tensor("blk.0.attn_q.bias");
  config.output_bias = in.has_tensor("blk.0.attn_output.bias");
  if (config.sliding_window >= config.context_length) config.sliding_window = 0;  // reaches everything
  config.mlp_bias = in.has_tensor("blk.0.ffn_gate.bias");
  return {};
}

}  // namespace

base::Result<void> read_gguf_llama(const GgufReader& in, ModelConfig& config) {
  if (auto done = read_rotary(in, config); !done) return done;
  return expect_gguf_head_width(in, config);
}

base::Result<void> read_gguf_gemma(const GgufReader& in, ModelConfig& config) {
  config.activation = Activation::GeluTanh;
  return read_gguf_llama(in, config);
}

// llama.cpp takes an absent scale of attention for 1 / sqrt(head width), and an absent other one for 1.
base::Result<void> read_gguf_granite(const GgufReader& in, ModelConfig& config) {
  if (auto done = read_gguf_llama(in, config); !done) return done;
  if (auto done = in.maybe_positive("attention.scale", 1e6, config.attention_scale); !done) return done;
  if (auto done = in.maybe_positive("embedding_scale", 1e6, config.multipliers.embedding); !done) return done;
  if (auto done = in.maybe_positive("residual_scale", 1e6, config.multipliers.residual); !done) return done;
  return in.maybe_positive("logit_scale", 1e6, config.multipliers.logits_divisor);
}

// Parallel is what has no second norm: the key use_parallel_residual is often true where it should not be.
base::Result<void> read_gguf_stablelm(const GgufReader& in, ModelConfig& config) {
  if (auto done = read_rotary(in, config); !done) return done;
  if (auto done = in.maybe_positive("attention.layer_norm_epsilon", 1, config.norm_epsilon); !done) return done;
  config.parallel_residual = !in.has_tensor("blk.0.ffn_norm.weight");
  config.head_norms = in.has_tensor("blk.0.attn_q_norm.weight");
  std::int64_t rotated = config.head_width;
  if (auto done = in.maybe_integer("rope.dimension_count", kHeadWidth, rotated); !done) return done;
  return set_rotary_width(config, rotated, in.path(), in.key("rope.dimension_count"));
}

}  // namespace engine

// GGUF's keys of the families with layer norms: GPT-2, GPT-NeoX, BLOOM, StarCoder (GPT-BigCode), StarCoder2. No key names an
// activation: each family has the one that its published models have.
#include "engine/config/gguf_families.h"

namespace engine {
namespace {

base::Result<void> read_common(const GgufReader& in, ModelConfig& config, Activation activation) {
  if (auto done = read_gguf_sizes(in, config); !done) return done;
  if (auto done = in.maybe_positive("attention.layer_norm_epsilon", 1, config.norm_epsilon); !done) return done;
  config.activation = activation;
  config.attention_bias = in.has_tensor("blk.0.attn_output.bias");
  config.mlp_bias = in.has_tensor("blk.0.ffn_up.bias");
  return {};
}

// The families without rotary positions.
base::Result<void> read_unrotated(const GgufReader& in, ModelConfig& config) {
  if (auto done = read_common(in, config, Activation::GeluTanh); !done) return done;
  config.rotary_width = 0;
  return check_gguf_shape(in, config);
}

}  // namespace

base::Result<void> read_gguf_gpt2(const GgufReader& in, ModelConfig& config) { return read_unrotated(in, config); }

base::Result<void> read_gguf_bloom(const GgufReader& in, ModelConfig& config) { return read_unrotated(in, config); }

// llama.cpp's converter says one kv head whatever the model has: the fused matrix tells, and holds each head's three together
// then. Where the key says the truth, all queries come first, then all keys, then all values: as llama.cpp's graph reads it.
base::Result<void> read_gguf_starcoder(const GgufReader& in, ModelConfig& config) {
  config.architecture = "gpt_bigcode";
  if (auto done = read_unrotated(in, config); !done) return done;
  const base::GgufTensor* fused = in.tensor("blk.0.attn_qkv.weight");
  if (fused && fused->shape.size() == 2 && fused->shape[0] == std::uint64_t(3 * config.width) && config.kv_heads != config.heads)
    config.kv_heads = config.heads, config.fused_by_head = true;
  return {};
}

// llama.cpp's converter regroups GPT-NeoX's fused matrix since May 2024; what it wrote before has no tokenizer.ggml.pre either,
// which it writes since April 2024.
base::Result<void> read_gguf_neox(const GgufReader& in, ModelConfig& config) {
  config.architecture = "gpt_neox";
  if (auto done = read_common(in, config, Activation::Gelu); !done) return done;
  config.fused_by_head = in.file().has("tokenizer.ggml.tokens") && !in.file().has("tokenizer.ggml.pre");
  config.parallel_residual = true;
  if (auto done = in.maybe_boolean("use_parallel_residual", config.parallel_residual); !done) return done;
  config.rotary_width = 0;  // of a head that need not be even: set below
  if (auto done = check_gguf_shape(in, config); !done) return done;
  std::int64_t rotated = config.head_width;
  if (auto done = in.maybe_integer("rope.dimension_count", kHeadWidth, rotated); !done) return done;
  if (auto done = set_rotary_width(config, rotated, in.path(), in.key("rope.dimension_count")); !done) return done;
  return read_gguf_rope(in, config);
}

base::Result<void> read_gguf_starcoder2(const GgufReader& in, ModelConfig& config) {
  if (auto done = read_common(in, config, Activation::GeluTanh); !done) return done;
  if (auto done = in.maybe_integer("attention.sliding_window", kContext, config.sliding_window); !done) return done;
  config.fused_qkv = in.has_tensor("blk.0.attn_qkv.weight");
  if (auto done = check_gguf_shape(in, config); !done) return done;
  if (auto done = read_gguf_rope(in, config); !done) return done;
  return expect_gguf_head_width(in, config);
}

}  // namespace engine

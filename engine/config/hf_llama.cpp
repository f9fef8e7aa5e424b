// config.json of LLaMA and its kin: LlamaConfig, MistralConfig, GraniteConfig of transformers; and the sizes that all
// families with RMS or layer norms and rotary positions spell alike.
#include "engine/config/hf_families.h"

namespace engine {

using base::ErrorCode;
using base::fail;

base::Result<void> read_hf_sizes(const HfReader& in, ModelConfig& config) {
  if (auto done = in.integer("vocab_size", kVocabulary, config.vocab_size); !done) return done;
  if (auto done = in.integer("hidden_size", kWidth, config.width); !done) return done;
  if (auto done = in.integer("intermediate_size", kMlpWidth, config.mlp_width); !done) return done;
  if (auto done = in.integer("num_hidden_layers", kLayers, config.layers); !done) return done;
  if (auto done = in.integer("num_attention_heads", kHeads, config.heads); !done) return done;
  config.kv_heads = config.heads;
  if (auto done = in.maybe_integer("num_key_value_heads", kHeads, config.kv_heads); !done) return done;
  if (auto done = in.maybe_integer("head_dim", kHeadWidth, config.head_width); !done) return done;
  if (config.context_length == 0) config.context_length = 2048;  // LlamaConfig's default
  if (auto done = in.maybe_integer("max_position_embeddings", kContext, config.context_length); !done) return done;
  config.norm_epsilon = 1e-6;
  if (auto done = in.maybe_positive("rms_norm_eps", 1, config.norm_epsilon); !done) return done;
  return in.maybe_boolean("tie_word_embeddings", config.tied_embeddings);
}

base::Result<void> expect_silu(const HfReader& in, const ModelConfig& config) {
  const auto activation = in.text_or("hidden_act", "silu");
  if (!activation) return base::forward(activation);
  if (*activation == "silu" || *activation == "swish") return {};
  return fail(ErrorCode::Unsupported, "{}: 'hidden_act' is '{}': architecture '{}' runs silu", in.path(), *activation, config.architecture);
}

base::Result<void> finish_hf_rotary(const HfReader& in, ModelConfig& config) {
  RotaryShare share;
  if (auto done = read_hf_rope(in, config, share); !done) return done;
  if (share.value != 1) return fail(ErrorCode::Unsupported, "{}: '{}' is {}: supported is only 1", in.path(), share.field, share.value);
  if (auto done = refuse_quantized(in); !done) return done;
  return check_shape(config, in.path(), {"hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim"});
}

base::Result<void> read_hf_llama(const HfReader& in, ModelConfig& config) {
  if (auto done = read_hf_sizes(in, config); !done) return done;
  if (auto done = in.maybe_boolean("attention_bias", config.attention_bias); !done) return done;
  config.output_bias = config.attention_bias;
  if (auto done = in.maybe_boolean("mlp_bias", config.mlp_bias); !done) return done;
  if (auto done = expect_silu(in, config); !done) return done;
  return finish_hf_rotary(in, config);
}

// An absent window is 4096, as in transformers; null is none.
base::Result<void> read_hf_mistral(const HfReader& in, ModelConfig& config) {
  config.context_length = 4096 * 32;
  if (auto done = read_hf_sizes(in, config); !done) return done;
  const bool none = in.object().contains("sliding_window") && !in.has("sliding_window");
  config.sliding_window = none ? 0 : 4096;
  if (auto done = in.maybe_integer("sliding_window", kContext, config.sliding_window); !done) return done;
  if (config.sliding_window >= config.context_length) config.sliding_window = 0;  // reaches everything
  if (auto done = expect_silu(in, config); !done) return done;
  return finish_hf_rotary(in, config);
}

base::Result<void> read_hf_granite(const HfReader& in, ModelConfig& config) {
  if (auto done = read_hf_llama(in, config); !done) return done;
  config.attention_scale = 1;
  if (auto done = in.maybe_positive("attention_multiplier", 1e6, config.attention_scale); !done) return done;
  if (auto done = in.maybe_positive("embedding_multiplier", 1e6, config.multipliers.embedding); !done) return done;
  if (auto done = in.maybe_positive("residual_multiplier", 1e6, config.multipliers.residual); !done) return done;
  return in.maybe_positive("logits_scaling", 1e6, config.multipliers.logits_divisor);
}

}  // namespace engine

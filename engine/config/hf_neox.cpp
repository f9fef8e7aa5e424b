// config.json of GPT-NeoX: positions as rotary_pct and rotary_emb_base, or in the spellings everyone shares now.
#include "engine/config/hf_families.h"

namespace engine {
namespace {

base::Result<void> read_shape(const HfReader& in, ModelConfig& config) {
  if (auto done = in.integer("vocab_size", kVocabulary, config.vocab_size); !done) return done;
  if (auto done = in.integer("hidden_size", kWidth, config.width); !done) return done;
  if (auto done = in.integer("intermediate_size", kMlpWidth, config.mlp_width); !done) return done;
  if (auto done = in.integer("num_hidden_layers", kLayers, config.layers); !done) return done;
  if (auto done = in.integer("num_attention_heads", kHeads, config.heads); !done) return done;
  config.kv_heads = config.heads;
  config.context_length = 2048;  // transformers' default
  if (auto done = in.maybe_integer("max_position_embeddings", kContext, config.context_length); !done) return done;
  if (auto done = in.maybe_positive("layer_norm_eps", 1, config.norm_epsilon); !done) return done;
  if (auto done = in.maybe_boolean("tie_word_embeddings", config.tied_embeddings); !done) return done;
  config.attention_bias = config.mlp_bias = true;
  if (auto done = in.maybe_boolean("attention_bias", config.attention_bias); !done) return done;
  config.parallel_residual = true;
  return in.maybe_boolean("use_parallel_residual", config.parallel_residual);
}

}  // namespace

base::Result<void> read_hf_neox(const HfReader& in, ModelConfig& config) {
  if (auto done = read_shape(in, config); !done) return done;
  config.activation = Activation::Gelu;
  if (auto done = read_hf_activation(in, "hidden_act", config.activation); !done) return done;
  RotaryShare share{.value = 0.25, .field = "rotary_pct"};
  if (auto done = read_hf_rope(in, config, share); !done) return done;
  config.rotary_width = 0;  // of a head that need not be even: set below
  if (auto done = check_shape(config, in.path(), {"hidden_size", "num_attention_heads", "num_attention_heads", "head_dim"}); !done) return done;
  if (auto done = set_rotary_width(config, std::int64_t(double(config.head_width) * share.value), in.path(), share.field); !done) return done;
  return refuse_quantized(in);
}

}  // namespace engine

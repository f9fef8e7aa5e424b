// config.json of BLOOM. It names no longest text: seq_length is what the model was trained on.
#include "engine/config/hf_families.h"

namespace engine {

base::Result<void> read_hf_bloom(const HfReader& in, ModelConfig& config) {
  const auto width = in.spelling({"hidden_size", "n_embed"}), heads = in.spelling({"n_head", "num_attention_heads"});
  if (auto done = in.integer("vocab_size", kVocabulary, config.vocab_size); !done) return done;
  if (auto done = in.integer(width, kWidth, config.width); !done) return done;
  if (auto done = in.integer(in.spelling({"n_layer", "num_hidden_layers"}), kLayers, config.layers); !done) return done;
  if (auto done = in.integer(heads, kHeads, config.heads); !done) return done;
  config.kv_heads = config.heads;
  config.mlp_width = 4 * config.width;
  config.context_length = 2048;
  if (auto done = in.maybe_integer("seq_length", kContext, config.context_length); !done) return done;
  if (auto done = in.maybe_positive("layer_norm_epsilon", 1, config.norm_epsilon); !done) return done;
  config.rotary_width = 0;
  config.activation = Activation::GeluTanh;
  config.tied_embeddings = config.attention_bias = config.mlp_bias = true;
  if (auto done = in.maybe_boolean("tie_word_embeddings", config.tied_embeddings); !done) return done;
  if (auto done = in.maybe_boolean("apply_residual_connection_post_layernorm", config.residual_after_norm); !done) return done;
  if (auto done = check_shape(config, in.path(), {width, heads, heads, "head_dim"}); !done) return done;
  return refuse_quantized(in);
}

}  // namespace engine

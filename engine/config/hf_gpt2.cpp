// config.json of GPT-2 and of GPT-BigCode, which speaks its language (n_embd, n_head, ...).
#include "engine/config/hf_families.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

base::Result<void> read_shape(const HfReader& in, ModelConfig& config) {
  const auto width = in.spelling({"n_embd", "hidden_size"}), heads = in.spelling({"n_head", "num_attention_heads"});
  if (auto done = in.integer("vocab_size", kVocabulary, config.vocab_size); !done) return done;
  if (auto done = in.integer(width, kWidth, config.width); !done) return done;
  if (auto done = in.integer(in.spelling({"n_layer", "num_hidden_layers"}), kLayers, config.layers); !done) return done;
  if (auto done = in.integer(heads, kHeads, config.heads); !done) return done;
  config.kv_heads = config.heads;
  config.mlp_width = 4 * config.width;
  if (auto done = in.maybe_integer(in.spelling({"n_inner", "intermediate_size"}), kMlpWidth, config.mlp_width); !done) return done;
  config.context_length = 1024;  // transformers' default
  const auto context = in.spelling({"n_positions", "max_position_embeddings", "n_ctx"});
  if (auto done = in.maybe_integer(context, kContext, config.context_length); !done) return done;
  if (auto done = in.maybe_positive("layer_norm_epsilon", 1, config.norm_epsilon); !done) return done;
  config.rotary_width = 0;
  config.tied_embeddings = config.attention_bias = config.mlp_bias = true;
  if (auto done = in.maybe_boolean("tie_word_embeddings", config.tied_embeddings); !done) return done;
  return check_shape(config, in.path(), {width, heads, heads, "head_dim"});
}

// scale_attn_weights false: the products of queries and keys stay as they are.
base::Result<void> read_scale(const HfReader& in, ModelConfig& config) {
  bool scaled = true;
  if (auto done = in.maybe_boolean("scale_attn_weights", scaled); !done) return done;
  if (!scaled) config.attention_scale = 1;
  return {};
}

base::Result<void> read_common(const HfReader& in, ModelConfig& config) {
  if (auto done = read_scale(in, config); !done) return done;
  if (auto done = read_shape(in, config); !done) return done;
  if (auto done = read_hf_activation(in, "activation_function", config.activation); !done) return done;
  if (auto done = expect_boolean(in, "add_cross_attention", false); !done) return done;
  return refuse_quantized(in);
}

}  // namespace

base::Result<void> read_hf_gpt2(const HfReader& in, ModelConfig& config) {
  config.activation = Activation::GeluTanh;
  if (auto done = read_common(in, config); !done) return done;
  const auto kind = in.text_or("attention_head_type", "multihead");  // SantaCoder's first form, with code of its own
  if (!kind) return base::forward(kind);
  if (*kind != "multihead")
    return fail(ErrorCode::Unsupported, "{}: 'attention_head_type' is '{}': expected the checkpoint in its gpt_bigcode form", in.path(), *kind);
  return in.maybe_boolean("scale_attn_by_inverse_layer_idx", config.attention_scale_by_layer);
}

base::Result<void> read_hf_bigcode(const HfReader& in, ModelConfig& config) {
  config.activation = Activation::GeluTanh;
  if (auto done = read_common(in, config); !done) return done;
  bool shared = true;
  if (auto done = in.maybe_boolean("multi_query", shared); !done) return done;
  if (shared) config.kv_heads = 1;
  return {};
}

}  // namespace engine

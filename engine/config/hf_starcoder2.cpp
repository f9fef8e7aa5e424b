// config.json of StarCoder2.
#include "engine/config/hf_families.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

base::Result<void> read_shape(const HfReader& in, ModelConfig& config) {
  if (auto done = in.integer("vocab_size", kVocabulary, config.vocab_size); !done) return done;
  if (auto done = in.integer("hidden_size", kWidth, config.width); !done) return done;
  if (auto done = in.integer("intermediate_size", kMlpWidth, config.mlp_width); !done) return done;
  if (auto done = in.integer("num_hidden_layers", kLayers, config.layers); !done) return done;
  if (auto done = in.integer("num_attention_heads", kHeads, config.heads); !done) return done;
  config.kv_heads = 2;           // transformers' defaults
  config.context_length = 4096;
  if (auto done = in.maybe_integer("num_key_value_heads", kHeads, config.kv_heads); !done) return done;
  if (auto done = in.maybe_integer("head_dim", kHeadWidth, config.head_width); !done) return done;
  if (auto done = in.maybe_integer("max_position_embeddings", kContext, config.context_length); !done) return done;
  if (auto done = in.maybe_integer("sliding_window", kContext, config.sliding_window); !done) return done;
  if (auto done = in.maybe_positive("norm_epsilon", 1, config.norm_epsilon); !done) return done;
  config.tied_embeddings = config.attention_bias = true;
  if (auto done = in.maybe_boolean("tie_word_embeddings", config.tied_embeddings); !done) return done;
  if (auto done = in.maybe_boolean("use_bias", config.attention_bias); !done) return done;
  config.mlp_bias = config.attention_bias;
  return {};
}

// The first StarCoder2 checkpoints name their layers' kinds; there is one of each.
base::Result<void> refuse_other_layers(const HfReader& in) {
  for (const auto& [field, supported] : {std::pair{"norm_type", "layer_norm"}, {"mlp_type", "default"}}) {
    const auto kind = in.text_or(field, supported);
    if (!kind) return base::forward(kind);
    if (*kind != supported) return fail(ErrorCode::Unsupported, "{}: '{}' is '{}': supported is only {}", in.path(), field, *kind, supported);
  }
  return {};
}

}  // namespace

base::Result<void> read_hf_starcoder2(const HfReader& in, ModelConfig& config) {
  if (auto done = read_shape(in, config); !done) return done;
  config.activation = Activation::GeluTanh;
  if (auto done = read_hf_activation(in, "hidden_act", config.activation); !done) return done;
  RotaryShare share;
  if (auto done = read_hf_rope(in, config, share); !done) return done;
  if (share.value != 1) return fail(ErrorCode::Unsupported, "{}: '{}' is {}: supported is only 1", in.path(), share.field, share.value);
  if (auto done = check_shape(config, in.path(), {"hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim"}); !done) return done;
  if (auto done = refuse_other_layers(in); !done) return done;
  return refuse_quantized(in);
}

}  // namespace engine

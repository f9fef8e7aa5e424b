// config.json of the LLaMA family: what transformers' LlamaConfig and MistralConfig write.
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
  config.kv_heads = config.heads;
  if (auto done = in.maybe_integer("num_key_value_heads", kHeads, config.kv_heads); !done) return done;
  if (auto done = in.maybe_integer("head_dim", kHeadWidth, config.head_width); !done) return done;
  config.context_length = 2048;  // transformers' default
  if (auto done = in.maybe_integer("max_position_embeddings", kContext, config.context_length); !done) return done;
  config.norm_epsilon = 1e-6;
  if (auto done = in.maybe_positive("rms_norm_eps", 1, config.norm_epsilon); !done) return done;
  if (auto done = in.maybe_boolean("tie_word_embeddings", config.tied_embeddings); !done) return done;
  if (auto done = in.maybe_boolean("attention_bias", config.attention_bias); !done) return done;
  return in.maybe_boolean("mlp_bias", config.mlp_bias);
}

// Mistral is LLaMA wherever its window of attention reaches as far as the context (an absent one is 4096, as in transformers).
base::Result<void> settle_mistral(const HfReader& in, ModelConfig& config) {
  if (config.architecture != "mistral") return {};
  const bool no_window = in.object().contains("sliding_window") && !in.has("sliding_window");
  std::int64_t window = 4096;
  if (auto done = in.maybe_integer("sliding_window", kContext, window); !done) return done;
  if (no_window || window >= config.context_length) config.architecture = "llama";
  return {};
}

// Fields that mean other mathematics than the family's model can do.
base::Result<void> refuse_the_unsaid(const HfReader& in, const ModelConfig& config, const RotaryShare& share) {
  if (config.architecture != "llama") return {};
  const auto activation = in.text_or("hidden_act", "silu");
  if (!activation) return base::forward(activation);
  if (*activation != "silu" && *activation != "swish")
    return fail(ErrorCode::Unsupported, "{}: 'hidden_act' is '{}': architecture 'llama' runs silu", in.path(), *activation);
  if (share.value != 1) return fail(ErrorCode::Unsupported, "{}: '{}' is {}: supported is only 1", in.path(), share.field, share.value);
  return refuse_quantized(in);
}

}  // namespace

base::Result<void> read_hf_llama(const HfReader& in, ModelConfig& config) {
  RotaryShare share;
  if (auto done = read_shape(in, config); !done) return done;
  if (auto done = settle_mistral(in, config); !done) return done;
  if (auto done = read_hf_rope(in, config, share); !done) return done;
  if (auto done = refuse_the_unsaid(in, config, share); !done) return done;
  return check_shape(config, in.path(), {"hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim"});
}

}  // namespace engine

// config.json of StableLM: transformers' StableLmConfig, and the spellings of the checkpoints from before it (rope_pct, norm_eps).
#include "engine/config/hf_families.h"

namespace engine {

base::Result<void> read_hf_stablelm(const HfReader& in, ModelConfig& config) {
  config.architecture = "stablelm";  // the first checkpoints say stablelm_epoch
  config.context_length = 4096;
  if (auto done = read_hf_sizes(in, config); !done) return done;
  config.norm_epsilon = 1e-5;
  if (auto done = in.maybe_positive(in.spelling({"layer_norm_eps", "norm_eps"}), 1, config.norm_epsilon); !done) return done;
  if (auto done = in.maybe_boolean("use_qkv_bias", config.attention_bias); !done) return done;
  if (auto done = in.maybe_boolean("use_parallel_residual", config.parallel_residual); !done) return done;
  if (auto done = in.maybe_boolean("qk_layernorm", config.head_norms); !done) return done;
  if (auto done = expect_silu(in, config); !done) return done;
  RotaryShare share{.value = 0.25, .field = "partial_rotary_factor"};
  if (auto done = in.maybe_positive("rope_pct", 1, share.value); !done) return done;
  if (auto done = read_hf_rope(in, config, share); !done) return done;
  if (auto done = refuse_quantized(in); !done) return done;
  if (auto done = check_shape(config, in.path(), {"hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim"}); !done) return done;
  return set_rotary_width(config, static_cast<std::int64_t>(double(config.head_width) * share.value), in.path(), share.field);
}

}  // namespace engine

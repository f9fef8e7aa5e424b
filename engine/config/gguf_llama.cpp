// GGUF's keys of the LLaMA family.
#include "engine/config/gguf_families.h"

namespace engine {
base::Result<void> read_gguf_llama(const GgufReader& in, ModelConfig& config) {
  if (auto done = read_gguf_sizes(in, config); !done) return done;
  if (auto done = in.maybe_positive("attention.layer_norm_rms_epsilon", 1, config.norm_epsilon); !done) return done;
  if (auto done = check_gguf_shape(in, config); !done) return done;
  if (auto done = read_gguf_rope(in, config); !done) return done;
  config.attention_bias = in.has_tensor("blk.0.attn_q.bias");
  config.mlp_bias = in.has_tensor("blk.0.ffn_gate.bias");
  return expect_gguf_head_width(in, config);
}

}  // namespace engine

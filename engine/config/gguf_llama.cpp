// GGUF's keys of the LLaMA family.
#include "engine/config/gguf_families.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

// Keys that mean other mathematics than the family's model can do.
base::Result<void> refuse_the_unsaid(const GgufReader& in, const ModelConfig& config) {
  for (const char* field : {"rope.dimension_count", "attention.value_length"}) {
    const auto width = in.file().integer_or(in.key(field), config.head_width);
    if (!width) return base::forward(width);
    if (*width != config.head_width)
      return fail(ErrorCode::Unsupported, "{}: '{}' is {}: supported is only the head's width, {}", in.path(), in.key(field), *width, config.head_width);
  }
  return {};
}

}  // namespace

base::Result<void> read_gguf_llama(const GgufReader& in, ModelConfig& config) {
  if (auto done = read_gguf_sizes(in, config); !done) return done;
  if (auto done = in.maybe_positive("attention.layer_norm_rms_epsilon", 1, config.norm_epsilon); !done) return done;
  if (auto done = check_gguf_shape(in, config); !done) return done;
  if (auto done = read_gguf_rope(in, config); !done) return done;
  config.attention_bias = in.has_tensor("blk.0.attn_q.bias");
  config.mlp_bias = in.has_tensor("blk.0.ffn_gate.bias");
  return refuse_the_unsaid(in, config);
}

}  // namespace engine

// read_gguf_rope: rotary positions and their scalings.
#include <cmath>

#include "base/utf8.h"
#include "engine/config/gguf_families.h"

namespace engine {

using base::ErrorCode;
using base::fail;

base::Result<void> read_gguf_rope(const GgufReader& in, ModelConfig& config) {
  RopeConfig& rope = config.rope;
  if (auto done = in.maybe_positive("rope.freq_base", 1e15, rope.theta); !done) return done;
  const auto type = in.file().string_or(in.key("rope.scaling.type"), in.has("rope.scale_linear") ? "linear" : "none");
  if (!type) return base::forward(type);
  if (*type == "none") return {};
  if (*type == "linear") rope.scaling = RopeScaling::Linear;
  else if (*type == "yarn") rope.scaling = RopeScaling::Yarn;
  else
    return fail(ErrorCode::Unsupported, "{}: '{}' is '{}': supported are none, linear and yarn", in.path(), in.key("rope.scaling.type"),
                base::sanitize_utf8(*type));
  if (auto done = in.maybe_positive("rope.scale_linear", 1e6, rope.factor); !done) return done;
  if (auto done = in.maybe_positive("rope.scaling.factor", 1e6, rope.factor); !done) return done;
  rope.original_context = static_cast<double>(config.context_length);
  if (auto done = in.maybe_positive("rope.scaling.original_context_length", double(kContext.most), rope.original_context); !done) return done;
  if (auto done = in.maybe_positive("rope.scaling.yarn_beta_fast", 1e6, rope.beta_fast); !done) return done;
  if (auto done = in.maybe_positive("rope.scaling.yarn_beta_slow", 1e6, rope.beta_slow); !done) return done;
  // ggml multiplies what it derives from the factor by this; RopeConfig wants the product.
  double multiplier = 0;
  if (auto done = in.maybe_positive("rope.scaling.attn_factor", 1e6, multiplier); !done) return done;
  if (auto done = in.maybe_positive("rope.scaling.yarn_attn_factor", 1e6, multiplier); !done) return done;
  if (rope.scaling == RopeScaling::Yarn && multiplier > 0)
    rope.attention_factor = multiplier * (rope.factor <= 1 ? 1 : 0.1 * std::log(rope.factor) + 1);
  return {};
}

}  // namespace engine

// read_hf_rope: rotary positions as transformers writes them, from 4.x's rope_theta and rope_scaling to 5.x's rope_parameters.
#include <cmath>

#include "base/utf8.h"
#include "engine/config/hf_families.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;

base::Result<void> read_llama3(const HfReader& in, RopeConfig& rope) {
  rope.scaling = RopeScaling::Llama3;
  if (auto done = in.positive_number("factor", 1e6, rope.factor); !done) return done;
  if (auto done = in.positive_number("low_freq_factor", 1e6, rope.low_frequency_factor); !done) return done;
  if (auto done = in.positive_number("high_freq_factor", 1e6, rope.high_frequency_factor); !done) return done;
  if (rope.high_frequency_factor <= rope.low_frequency_factor)
    return fail(ErrorCode::InvalidInput, "{}: '{}' is {}: expected more than '{}', {}", in.path(), in.name("high_freq_factor"),
                rope.high_frequency_factor, in.name("low_freq_factor"), rope.low_frequency_factor);
  return {};
}

// Attention's scale under YaRN where the file gives mscale (DeepSeek's spelling) rather than the factor itself.
double yarn_mscale(double factor, double mscale) { return factor <= 1 ? 1 : 0.1 * mscale * std::log(factor) + 1; }

base::Result<void> read_yarn(const HfReader& in, const ModelConfig& config, RopeConfig& rope) {
  rope.scaling = RopeScaling::Yarn;
  rope.factor = static_cast<double>(config.context_length) / rope.original_context;
  bool truncate = true;
  if (auto done = in.maybe_boolean("truncate", truncate); !done) return done;
  if (!truncate) return fail(ErrorCode::Unsupported, "{}: '{}' is false: supported is only true", in.path(), in.name("truncate"));
  if (auto done = in.maybe_positive("factor", 1e6, rope.factor); !done) return done;
  if (auto done = in.maybe_positive("beta_fast", 1e6, rope.beta_fast); !done) return done;
  if (auto done = in.maybe_positive("beta_slow", 1e6, rope.beta_slow); !done) return done;
  double mscale = 0, mscale_all = 0;
  if (auto done = in.maybe_positive("mscale", 1e6, mscale); !done) return done;
  if (auto done = in.maybe_positive("mscale_all_dim", 1e6, mscale_all); !done) return done;
  if (mscale > 0 && mscale_all > 0) rope.attention_factor = yarn_mscale(rope.factor, mscale) / yarn_mscale(rope.factor, mscale_all);
  return in.maybe_positive("attention_factor", 1e6, rope.attention_factor);
}

// `in` is the object that says how positions are stretched: rope_scaling or rope_parameters.
base::Result<void> read_scaling(const HfReader& in, const ModelConfig& config, RopeConfig& rope, RotaryShare& share) {
  const auto old_type = in.text_or("type", "default");
  const auto type = in.text_or("rope_type", old_type.value_or("default"));
  if (!old_type || !type) return base::forward(old_type ? type : old_type);
  if (auto done = in.maybe_positive("rope_theta", 1e15, rope.theta); !done) return done;
  rope.original_context = static_cast<double>(config.context_length);
  if (auto done = in.maybe_positive("original_max_position_embeddings", double(kContext.most), rope.original_context); !done) return done;
  if (in.has("partial_rotary_factor")) share.field = in.name("partial_rotary_factor");
  if (auto done = in.maybe_positive("partial_rotary_factor", 1, share.value); !done) return done;
  if (*type == "default") return {};
  if (*type == "llama3") return read_llama3(in, rope);
  if (*type == "yarn") return read_yarn(in, config, rope);
  if (*type == "linear") {
    rope.scaling = RopeScaling::Linear;
    return in.positive_number("factor", 1e6, rope.factor);
  }
  return fail(ErrorCode::Unsupported, "{}: '{}' is '{}': supported are default, linear, llama3 and yarn", in.path(), in.name("rope_type"), *type);
}

}  // namespace

base::Result<void> read_hf_rope(const HfReader& in, ModelConfig& config, RotaryShare& share) {
  RopeConfig rope;
  if (auto done = in.maybe_positive(in.spelling({"rope_theta", "rotary_emb_base"}), 1e15, rope.theta); !done) return done;
  const std::string_view rotated = in.spelling({"partial_rotary_factor", "rotary_pct"});
  if (in.has(rotated)) share.field = rotated;
  if (auto done = in.maybe_positive(rotated, 1, share.value); !done) return done;
  for (const char* field : {"rope_scaling", "rope_parameters"}) {  // both: the newer has the last word
    const Json* object = base::find_field(in.object(), field);
    if (!object) continue;
    if (!object->is_object()) return fail(ErrorCode::InvalidInput, "{}: '{}' is {}: expected an object", in.path(), field, base::json_type_name(*object));
    for (const auto& [key, value] : object->items())
      if (value.is_object())
        return fail(ErrorCode::Unsupported, "{}: '{}' has positions of its own for '{}': supported is one kind for all layers", in.path(), field,
                    base::sanitize_utf8(key));
    if (auto done = read_scaling(HfReader(*object, in.path(), std::string(field) + "."), config, rope, share); !done) return done;
  }
  config.rope = rope;
  return {};
}

}  // namespace engine

// config.json of Qwen2 and Qwen3: a window of attention in the layers that layer_types or, before it, max_window_layers names.
#include "engine/config/hf_families.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;

base::Result<void> read_layer_types(const HfReader& in, const Json& types, ModelConfig& config) {
  if (!types.is_array() || std::int64_t(types.size()) != config.layers)
    return fail(ErrorCode::InvalidInput, "{}: 'layer_types' is {}: expected a list of {}, one a layer", in.path(),
                types.is_array() ? "a list of " + std::to_string(types.size()) : base::json_type_name(types), config.layers);
  for (const Json& type : types) {
    if (type != "full_attention" && type != "sliding_attention")
      return fail(ErrorCode::Unsupported, "{}: 'layer_types' holds {}: supported are \"full_attention\" and \"sliding_attention\"", in.path(),
                  base::dump_json(type));
    config.layer_sees_all.push_back(type == "full_attention");
  }
  return {};
}

base::Result<void> read_window(const HfReader& in, ModelConfig& config) {
  bool used = false;
  if (auto done = in.maybe_boolean("use_sliding_window", used); !done) return done;
  if (!used || (in.object().contains("sliding_window") && !in.has("sliding_window"))) return {};
  config.sliding_window = 4096;
  if (auto done = in.maybe_integer("sliding_window", kContext, config.sliding_window); !done) return done;
  if (const Json* types = base::find_field(in.object(), "layer_types")) return read_layer_types(in, *types, config);
  std::int64_t without = 28;  // the layers below see everything
  if (auto done = in.maybe_integer("max_window_layers", {0, kLayers.most}, without); !done) return done;
  for (std::int64_t layer = 0; layer < config.layers; ++layer) config.layer_sees_all.push_back(layer < without);
  return {};
}

base::Result<void> read_qwen(const HfReader& in, ModelConfig& config) {
  config.context_length = 32768;
  if (auto done = read_hf_sizes(in, config); !done) return done;
  if (auto done = read_window(in, config); !done) return done;
  if (auto done = expect_silu(in, config); !done) return done;
  return finish_hf_rotary(in, config);
}

}  // namespace

base::Result<void> read_hf_qwen2(const HfReader& in, ModelConfig& config) {
  config.attention_bias = true;
  return read_qwen(in, config);
}

base::Result<void> read_hf_qwen3(const HfReader& in, ModelConfig& config) {
  config.head_width = 128;
  if (auto done = in.maybe_boolean("attention_bias", config.attention_bias); !done) return done;
  config.output_bias = config.attention_bias;
  return read_qwen(in, config);
}

}  // namespace engine

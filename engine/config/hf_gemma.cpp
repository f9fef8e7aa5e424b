// config.json of Gemma and CodeGemma. The first checkpoints say "gelu" in hidden_act and mean its approximation by tanh, which
// hidden_activation, where it is set, says outright.
#include "engine/config/hf_families.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

base::Result<void> read_activation(const HfReader& in, ModelConfig& config) {
  const std::string_view field = in.spelling({"hidden_activation", "hidden_act"});
  const auto name = in.text_or(field, "gelu_pytorch_tanh");
  if (!name) return base::forward(name);
  if (*name != "gelu_pytorch_tanh" && *name != "gelu_new" && !(*name == "gelu" && field == "hidden_act"))
    return fail(ErrorCode::Unsupported, "{}: '{}' is '{}': architecture 'gemma' runs gelu_pytorch_tanh", in.path(), field, *name);
  config.activation = Activation::GeluTanh;
  return {};
}

}  // namespace

base::Result<void> read_hf_gemma(const HfReader& in, ModelConfig& config) {
  config.context_length = 8192, config.head_width = 256, config.tied_embeddings = true;
  if (auto done = read_hf_sizes(in, config); !done) return done;
  if (auto done = in.maybe_boolean("attention_bias", config.attention_bias); !done) return done;
  config.output_bias = config.attention_bias;
  bool both_ways = false;
  if (auto done = in.maybe_boolean("use_bidirectional_attention", both_ways); !done) return done;
  if (both_ways) return fail(ErrorCode::Unsupported, "{}: 'use_bidirectional_attention' is true: supported is only false", in.path());
  if (auto done = read_activation(in, config); !done) return done;
  return finish_hf_rotary(in, config);
}

}  // namespace engine

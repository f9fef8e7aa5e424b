// read_hf_config: config.json as transformers writes it, from 4.x's rope_theta and rope_scaling to 5.x's rope_parameters.
#include <cmath>

#include "base/files.h"
#include "base/json.h"
#include "base/utf8.h"
#include "engine/config.h"
#include "engine/config_fields.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;

// One JSON object of one file; errors name both.
class Reader {
 public:
  Reader(const Json& object, std::string path, std::string prefix = {}) : object_(object), path_(std::move(path)), prefix_(std::move(prefix)) {}

  const std::string& path() const { return path_; }
  const Json& object() const { return object_; }
  bool has(std::string_view field) const { return base::find_field(object_, field) != nullptr; }
  std::string name(std::string_view field) const { return prefix_ + std::string(field); }

  base::Result<void> integer(std::string_view field, Range range, std::int64_t& into) const {
    auto value = base::get<std::int64_t>(object_, field);
    if (!value) return base::forward(value, where());
    value = in_range(*value, range, path_, name(field));
    if (!value) return base::forward(value);
    into = *value;
    return {};
  }
  base::Result<void> maybe_integer(std::string_view field, Range range, std::int64_t& into) const {
    return has(field) ? integer(field, range, into) : base::Result<void>{};
  }
  base::Result<void> maybe_positive(std::string_view field, double most, double& into) const {
    return has(field) ? positive_number(field, most, into) : base::Result<void>{};
  }
  base::Result<void> positive_number(std::string_view field, double most, double& into) const {
    auto value = base::get<double>(object_, field);
    if (!value) return base::forward(value, where());
    value = positive(*value, most, path_, name(field));
    if (!value) return base::forward(value);
    into = *value;
    return {};
  }
  base::Result<void> maybe_boolean(std::string_view field, bool& into) const {
    const auto value = base::get_or<bool>(object_, field, into);
    if (!value) return base::forward(value, where());
    into = *value;
    return {};
  }
  base::Result<std::string> text_or(std::string_view field, std::string fallback) const {
    auto value = base::get_or<std::string>(object_, field, std::move(fallback));
    if (!value) return base::forward(value, where());
    return base::sanitize_utf8(*value);
  }

 private:
  std::string where() const { return prefix_.empty() ? path_ : path_ + ": " + prefix_.substr(0, prefix_.size() - 1); }
  const Json& object_;
  std::string path_, prefix_;
};

base::Result<void> read_shape(const Reader& in, ModelConfig& config) {
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

base::Result<void> read_llama3(const Reader& in, RopeConfig& rope) {
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

base::Result<void> read_yarn(const Reader& in, const ModelConfig& config, RopeConfig& rope) {
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
base::Result<void> read_scaling(const Reader& in, const ModelConfig& config, RopeConfig& rope) {
  const auto old_type = in.text_or("type", "default");
  const auto type = in.text_or("rope_type", old_type.value_or("default"));
  if (!old_type || !type) return base::forward(old_type ? type : old_type);
  if (auto done = in.maybe_positive("rope_theta", 1e15, rope.theta); !done) return done;
  rope.original_context = static_cast<double>(config.context_length);
  if (auto done = in.maybe_positive("original_max_position_embeddings", double(kContext.most), rope.original_context); !done) return done;
  double rotated = 1;
  if (auto done = in.maybe_positive("partial_rotary_factor", 1, rotated); !done) return done;
  if (rotated != 1) return fail(ErrorCode::Unsupported, "{}: '{}' is {}: supported is only 1", in.path(), in.name("partial_rotary_factor"), rotated);
  if (*type == "default") return {};
  if (*type == "llama3") return read_llama3(in, rope);
  if (*type == "yarn") return read_yarn(in, config, rope);
  if (*type == "linear") {
    rope.scaling = RopeScaling::Linear;
    return in.positive_number("factor", 1e6, rope.factor);
  }
  return fail(ErrorCode::Unsupported, "{}: '{}' is '{}': supported are default, linear, llama3 and yarn", in.path(), in.name("rope_type"), *type);
}

base::Result<void> read_rope(const Reader& in, ModelConfig& config) {
  RopeConfig rope;
  if (auto done = in.maybe_positive("rope_theta", 1e15, rope.theta); !done) return done;
  for (const char* field : {"rope_scaling", "rope_parameters"}) {  // both: the newer has the last word
    const Json* object = base::find_field(in.object(), field);
    if (!object) continue;
    if (!object->is_object()) return fail(ErrorCode::InvalidInput, "{}: '{}' is {}: expected an object", in.path(), field, base::json_type_name(*object));
    for (const auto& [key, value] : object->items())
      if (value.is_object())
        return fail(ErrorCode::Unsupported, "{}: '{}' has positions of its own for '{}': supported is one kind for all layers", in.path(), field,
                    base::sanitize_utf8(key));
    if (auto done = read_scaling(Reader(*object, in.path(), std::string(field) + "."), config, rope); !done) return done;
  }
  config.rope = rope;
  return {};
}

base::Result<void> read_end_ids(const Reader& in, ModelConfig& config) {
  const Json* value = base::find_field(in.object(), "eos_token_id");
  if (!value) return {};
  const Json list = value->is_array() ? *value : Json::array({*value});
  for (const Json& id : list) {
    if (!base::detail::JsonKind<std::int64_t>::is(id))
      return fail(ErrorCode::InvalidInput, "{}: 'eos_token_id' holds {}: expected a token id or a list of them", in.path(), base::json_type_name(id));
    const auto checked = in_range(id.get<std::int64_t>(), {0, config.vocab_size - 1}, in.path(), "eos_token_id");
    if (!checked) return base::forward(checked);
    config.end_ids.push_back(static_cast<tokenizer::TokenId>(*checked));
  }
  return {};
}

// Fields that mean other mathematics than ModelConfig can say, in the families that have them.
base::Result<void> refuse_the_unsaid(const Reader& in, const ModelConfig& config) {
  if (config.architecture != "llama") return {};
  const auto activation = in.text_or("hidden_act", "silu");
  if (!activation) return base::forward(activation);
  if (*activation != "silu" && *activation != "swish")
    return fail(ErrorCode::Unsupported, "{}: 'hidden_act' is '{}': architecture 'llama' runs silu", in.path(), *activation);
  const Json* quantized = base::find_field(in.object(), "quantization_config");
  if (quantized)
    return fail(ErrorCode::Unsupported, "{}: 'quantization_config' is set: quantised checkpoints are read from GGUF only", in.path());
  double rotated = 1;
  if (auto done = in.maybe_positive("partial_rotary_factor", 1, rotated); !done) return done;
  if (rotated != 1) return fail(ErrorCode::Unsupported, "{}: 'partial_rotary_factor' is {}: supported is only 1", in.path(), rotated);
  return {};
}

// "LlamaForCausalLM" is "llama"; where model_type is absent the class says it.
base::Result<std::string> read_architecture(const Reader& in) {
  auto type = in.text_or("model_type", "");
  if (!type || !type->empty()) return type;
  const Json* classes = base::find_field(in.object(), "architectures");
  if (!classes || !classes->is_array() || classes->empty() || !classes->front().is_string())
    return fail(ErrorCode::InvalidInput, "{}: 'model_type' is missing: expected the architecture's name, such as \"llama\"", in.path());
  std::string name = base::sanitize_utf8(classes->front().get<std::string>());
  name = name.substr(0, name.find("For"));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

// Mistral is LLaMA wherever its window of attention reaches as far as the context (an absent one is 4096, as in transformers).
base::Result<void> settle_mistral(const Reader& in, ModelConfig& config) {
  if (config.architecture != "mistral") return {};
  const bool no_window = in.object().contains("sliding_window") && !in.has("sliding_window");
  std::int64_t window = 4096;
  if (auto done = in.maybe_integer("sliding_window", kContext, window); !done) return done;
  if (no_window || window >= config.context_length) config.architecture = "llama";
  return {};
}

}  // namespace

base::Result<ModelConfig> read_hf_config(const std::filesystem::path& folder) {
  const std::string path = (folder / "config.json").string();
  const auto text = base::read_file(path);
  if (!text) return base::forward(text);
  const auto json = base::parse_json(*text, path);
  if (!json) return base::forward(json);
  if (!json->is_object()) return fail(ErrorCode::InvalidInput, "{}: is {}: expected an object", path, base::json_type_name(*json));
  const Reader in(*json, path);
  ModelConfig config;
  const auto architecture = read_architecture(in);
  if (!architecture) return base::forward(architecture);
  config.architecture = *architecture;
  config.name = std::filesystem::absolute(folder / ".").lexically_normal().parent_path().filename().string();
  if (auto done = read_shape(in, config); !done) return base::forward(done);
  if (auto done = settle_mistral(in, config); !done) return base::forward(done);
  if (auto done = read_rope(in, config); !done) return base::forward(done);
  if (auto done = refuse_the_unsaid(in, config); !done) return base::forward(done);
  if (auto done = read_end_ids(in, config); !done) return base::forward(done);
  std::error_code ignored;
  if (const auto generation = folder / "generation_config.json"; std::filesystem::exists(generation, ignored)) {
    const auto more = base::read_file(generation);
    if (!more) return base::forward(more);
    const auto object = base::parse_json(*more, generation.string());
    if (!object) return base::forward(object);
    if (auto done = read_end_ids(Reader(*object, generation.string()), config); !done) return base::forward(done);
  }
  if (auto done = check_shape(config, path, {"hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "eos_token_id"}); !done)
    return base::forward(done);
  return config;
}

}  // namespace engine

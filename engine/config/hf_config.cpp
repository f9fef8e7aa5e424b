// read_hf_config: config.json as transformers writes it: which family it is, and what every family says alike.
#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/utf8.h"
#include "engine/config/hf_families.h"

namespace engine {

using base::ErrorCode;
using base::fail;
using base::Json;

namespace {

struct Family {
  std::string_view model_type;
  base::Result<void> (*read)(const HfReader& in, ModelConfig& config);
};
constexpr Family kFamilies[] = {
    {"bloom", read_hf_bloom},
    {"gemma", read_hf_gemma},
    {"gpt2", read_hf_gpt2},
    {"gpt_bigcode", read_hf_bigcode},
    {"gpt_neox", read_hf_neox},
    {"granite", read_hf_granite},
    {"llama", read_hf_llama},
    {"mistral", read_hf_mistral},
    {"qwen2", read_hf_qwen2},
    {"qwen3", read_hf_qwen3},
    {"stablelm", read_hf_stablelm},
    {"stablelm_epoch", read_hf_stablelm},
    {"starcoder2", read_hf_starcoder2},
};

// An architecture without a reader is read as LLaMA, whose names are everyone's today; the registry then says what it runs.
base::Result<void> read_family(const HfReader& in, ModelConfig& config) {
  for (const Family& family : kFamilies)
    if (family.model_type == config.architecture) return family.read(in, config);
  return read_hf_llama(in, config);
}

// "LlamaForCausalLM" is "llama"; where model_type is absent the class says it.
struct ClassName {
  std::string_view of_class, model_type;
};
constexpr ClassName kClassNames[] = {{"gpt2lmheadmodel", "gpt2"}, {"gptbigcode", "gpt_bigcode"}, {"gptneox", "gpt_neox"}};

base::Result<std::string> read_architecture(const HfReader& in) {
  auto type = in.text_or("model_type", "");
  if (!type || !type->empty()) return type;
  const Json* classes = base::find_field(in.object(), "architectures");
  if (!classes || !classes->is_array() || classes->empty() || !classes->front().is_string())
    return fail(ErrorCode::InvalidInput, "{}: 'model_type' is missing: expected the architecture's name, such as \"llama\"", in.path());
  std::string name = base::sanitize_utf8(classes->front().get<std::string>());
  name = name.substr(0, name.find("For"));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const ClassName& known : kClassNames)
    if (known.of_class == name) return std::string(known.model_type);
  return name;
}

base::Result<void> read_end_ids(const HfReader& in, ModelConfig& config) {
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

base::Result<void> read_generation_config(const std::filesystem::path& path, ModelConfig& config) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  const auto text = base::read_file(path);
  if (!text) return base::forward(text);
  const auto object = base::parse_json(*text, path.string());
  if (!object) return base::forward(object);
  return read_end_ids(HfReader(*object, path.string()), config);
}

}  // namespace

base::Result<void> read_hf_activation(const HfReader& in, std::string_view field, Activation& activation) {
  if (!in.has(field)) return {};
  const auto name = in.text_or(field, "");
  if (!name) return base::forward(name);
  const auto is = [&](std::initializer_list<std::string_view> names) { return std::find(names.begin(), names.end(), *name) != names.end(); };
  if (is({"gelu", "gelu_python"})) activation = Activation::Gelu;
  else if (is({"gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate"})) activation = Activation::GeluTanh;
  else if (is({"silu", "swish"})) activation = Activation::Silu;
  else
    return fail(ErrorCode::Unsupported, "{}: '{}' is '{}': supported are gelu, gelu_new, gelu_fast, gelu_pytorch_tanh and silu", in.path(), field,
                *name);
  return {};
}

base::Result<void> expect_boolean(const HfReader& in, std::string_view field, bool supported) {
  bool value = supported;
  if (auto done = in.maybe_boolean(field, value); !done) return done;
  if (value == supported) return {};
  return fail(ErrorCode::Unsupported, "{}: '{}' is {}: supported is only {}", in.path(), field, value, supported);
}

base::Result<void> refuse_quantized(const HfReader& in) {
  if (!in.has("quantization_config")) return {};
  return fail(ErrorCode::Unsupported, "{}: 'quantization_config' is set: quantised checkpoints are read from GGUF only", in.path());
}

base::Result<ModelConfig> parse_hf_config(std::string_view text, const std::string& path) {
  const auto json = base::parse_json(text, path);
  if (!json) return base::forward(json);
  if (!json->is_object()) return fail(ErrorCode::InvalidInput, "{}: is {}: expected an object", path, base::json_type_name(*json));
  const HfReader in(*json, path);
  ModelConfig config;
  const auto architecture = read_architecture(in);
  if (!architecture) return base::forward(architecture);
  config.architecture = *architecture;
  if (auto done = read_family(in, config); !done) return base::forward(done);
  if (auto done = read_end_ids(in, config); !done) return base::forward(done);
  settle_end_ids(config);
  return config;
}

base::Result<ModelConfig> read_hf_config(const std::filesystem::path& folder) {
  const std::string path = (folder / "config.json").string();
  const auto text = base::read_file(path);
  if (!text) return base::forward(text);
  auto config = parse_hf_config(*text, path);
  if (!config) return config;
  config->name = std::filesystem::absolute(folder / ".").lexically_normal().parent_path().filename().string();
  if (auto done = read_generation_config(folder / "generation_config.json", *config); !done) return base::forward(done);
  settle_end_ids(*config);
  return config;
}

}  // namespace engine

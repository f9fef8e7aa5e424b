#include "engine/adapter/adapter_config.h"

#include <cmath>

#include "base/json.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;

// Fields that would change what the adapter computes, where they are not as given here.
base::Result<void> nothing_else(const Json& json, std::string_view what) {
  const auto refuse = [&](const char* field, const char* expected) {
    return fail(ErrorCode::Unsupported, "{}: field '{}': expected {}", what, field, expected);
  };
  for (const char* field : {"use_dora", "lora_bias", "use_qalora"})
    if (const Json* value = base::find_field(json, field); value && *value != false) return refuse(field, "false");
  for (const char* field : {"modules_to_save", "layer_replication", "trainable_token_indices", "target_parameters", "exclude_modules"})
    if (const Json* value = base::find_field(json, field); value && !value->empty()) return refuse(field, "none: only matrices' products of low rank are applied");
  if (const Json* bias = base::find_field(json, "bias"); bias && *bias != "none") return refuse("bias", "none");
  return {};
}

bool is_plain(std::string_view key) { return !key.empty() && key.find_first_of("*+?()[]{}|\\^$") == std::string_view::npos; }

bool ends_with_module(std::string_view name, std::string_view end) {
  return name.ends_with(end) && (name.size() == end.size() || name[name.size() - end.size() - 1] == '.');
}

}  // namespace

double AdapterConfig::scale_of(std::string_view module, std::int64_t rank_there) const {
  double own = alpha;
  for (const auto& [key, value] : alpha_pattern)
    if (ends_with_module(module, key)) own = value;
  return own / (by_root ? std::sqrt(double(rank_there)) : double(rank_there));
}

base::Result<AdapterConfig> parse_adapter_config(std::string_view text, std::string_view what) {
  const auto json = base::parse_json(text, what);
  if (!json) return base::forward(json);
  const auto kind = base::get<std::string>(*json, "peft_type");
  if (!kind) return base::forward(kind, what);
  if (*kind != "LORA") return fail(ErrorCode::Unsupported, "{}: field 'peft_type' is \"{}\": expected \"LORA\"", what, *kind);
  if (auto fine = nothing_else(*json, what); !fine) return base::forward(fine);
  AdapterConfig out;
  const auto rank = base::get<std::int64_t>(*json, "r");
  const auto alpha = base::get_or<double>(*json, "lora_alpha", 8);
  const auto by_root = base::get_or<bool>(*json, "use_rslora", false);
  if (!rank) return base::forward(rank, what);
  if (!alpha) return base::forward(alpha, what);
  if (!by_root) return base::forward(by_root, what);
  if (*rank < 1 || *rank > 1 << 16) return fail(ErrorCode::InvalidInput, "{}: field 'r' is {}: expected 1 to 65536", what, *rank);
  out.rank = *rank, out.alpha = *alpha, out.by_root = *by_root;
  if (const Json* patterns = base::find_field(*json, "alpha_pattern"); patterns && patterns->is_object())
    for (const auto& [key, value] : patterns->items()) {
      if (!is_plain(key) || !value.is_number())
        return fail(ErrorCode::Unsupported, "{}: field 'alpha_pattern': expected names of modules and numbers, not '{}'", what, key);
      out.alpha_pattern[key] = value.get<double>();
    }
  if (const Json* modules = base::find_field(*json, "target_modules"); modules && modules->is_array())
    for (const Json& module : *modules)
      if (module.is_string()) out.modules.push_back(module.get<std::string>());
  out.base_model = base::try_get<std::string>(*json, "base_model_name_or_path").value_or("");
  return out;
}

std::string adapter_config_json(const AdapterConfig& config) {
  Json modules = Json::array();
  for (const std::string& module : config.modules) modules.push_back(module);
  const double alpha = config.alpha;
  return base::dump_json_pretty({{"peft_type", "LORA"}, {"task_type", "CAUSAL_LM"}, {"base_model_name_or_path", config.base_model},
                                 {"r", config.rank}, {"lora_alpha", alpha == std::floor(alpha) && std::abs(alpha) < 1e15 ? Json(std::int64_t(alpha)) : Json(alpha)},
                                 {"lora_dropout", 0.0}, {"use_rslora", config.by_root}, {"target_modules", std::move(modules)}, {"bias", "none"},
                                 {"fan_in_fan_out", config.transposed_base}, {"inference_mode", true}});
}

}  // namespace engine

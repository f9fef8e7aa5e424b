// adapter_config.h: adapter_config.json of a LoRA adapter as the `peft` library writes it (Hu et al. 2021, arXiv 2106.09685).
// parse_adapter_config() takes what this program can apply and refuses the rest, naming the field; adapter_config_json() writes one
// that peft loads. Pure. Source: huggingface/peft, LoraConfig.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace engine {

struct AdapterConfig {
  std::int64_t rank = 8;
  double alpha = 8;
  bool by_root = false;                         // use_rslora: the product is scaled by alpha / sqrt(rank), else by alpha / rank
  std::map<std::string, double> alpha_pattern;  // of modules whose name ends with a key
  std::vector<std::string> modules;             // target_modules: last parts of names, for who writes
  std::string base_model;
  bool transposed_base = false;                 // fan_in_fan_out: the base's file keeps [inputs, outputs], as GPT-2's

  // Of one module's product: "model.layers.0.self_attn.q_proj".
  double scale_of(std::string_view module, std::int64_t rank_there) const;
};

base::Result<AdapterConfig> parse_adapter_config(std::string_view text, std::string_view what);
std::string adapter_config_json(const AdapterConfig& config);

}  // namespace engine

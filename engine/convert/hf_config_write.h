// hf_config_write.h: a configuration as the text of a Hugging Face config.json, for LLaMA and Qwen2.
// hf_config_of(config, "bfloat16"); read_hf_config() reads the same back.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/config.h"

namespace engine {

std::string hf_config_of(const ModelConfig& config, std::string_view dtype);

}  // namespace engine

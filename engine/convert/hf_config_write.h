// hf_config_write.h: a configuration as the text of a Hugging Face config.json: made for LLaMA and Qwen2, of any architecture after another one.
// hf_config_of(config, "bfloat16"); read_hf_config() reads the same back.
// hf_config_like(text, path, config): somebody's config.json with this vocabulary's size and ids, this context, weights in f32.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/config.h"

namespace engine {

std::string hf_config_of(const ModelConfig& config, std::string_view dtype);

// `text` is what `config`'s shape was read from, `path` what messages call it. Errors: it is no JSON object.
base::Result<std::string> hf_config_like(std::string_view text, std::string_view path, const ModelConfig& config);

}  // namespace engine

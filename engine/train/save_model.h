// save_model.h: a model in memory as a Hugging Face folder's config.json and model.safetensors.
// save_model(model, folder, "F32"): tensors under their Hugging Face names, in the layout that transformers has them.
// Each file appears whole or not at all. Unsupported, saying so, where config.json cannot be written for the architecture.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "engine/models/model.h"

namespace engine {

// Whether save_model(), or without a config save_weights(), knows how.
base::Result<void> can_save(Model& model, bool with_config);

// `dtype`: F32, BF16 or F16.
base::Result<void> save_weights(Model& model, const std::filesystem::path& file, std::string_view dtype);
base::Result<void> save_model(Model& model, const std::filesystem::path& folder, std::string_view dtype);

}  // namespace engine

// save_model.h: a model in memory as a Hugging Face folder's model.safetensors.
// save_weights(model, file, "F32"): tensors under their Hugging Face names, in the layout that transformers has them.
// The file appears whole or not at all. Unsupported, saying so, where tensors of the architecture share a place in the file.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "engine/models/model.h"

namespace engine {

// Whether save_weights() knows how.
base::Result<void> can_save(Model& model);

// `dtype`: F32, BF16 or F16.
base::Result<void> save_weights(Model& model, const std::filesystem::path& file, std::string_view dtype);

}  // namespace engine

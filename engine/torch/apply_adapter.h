// apply_adapter.h: a LoRA adapter's matrices put beside a model's own.
// apply_adapter(model, FOLDER) reads and checks all before it changes anything; an empty path takes the adapter away.
// Errors name the file and the tensor. Engine thread.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "engine/models/model.h"

namespace engine {

base::Result<void> apply_adapter(Model& model, const std::filesystem::path& folder);

}  // namespace engine

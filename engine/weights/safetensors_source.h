// safetensors_source.h: a Hugging Face folder's weights: model.safetensors, or the shards its index names.
// For open_weights() only.
// Views point into mapped files that the source keeps alive. Immutable; any thread.
#pragma once

#include "engine/weights/source.h"

namespace engine {

// `path` is a folder or one .safetensors file.
base::Result<std::unique_ptr<WeightSource>> open_safetensors_source(const std::filesystem::path& path);

}  // namespace engine

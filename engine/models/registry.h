// registry.h: the table of architectures this build runs.
// make_model() builds an empty model of config.architecture, or says which ones there are.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "engine/models/model.h"

namespace engine {

struct Architecture {
  std::string_view name;  // as config.json's model_type and GGUF's general.architecture spell it
  std::unique_ptr<Model> (*make)(const ModelConfig& config);
};

base::Result<std::unique_ptr<Model>> make_model(const ModelConfig& config);

}  // namespace engine

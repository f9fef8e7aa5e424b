// shapes.h: the shapes of models people use, by name: for models with random weights that measure speed and memory.
// find_shape("qwen2.5-coder-0.5b") gives the configuration its own config.json would give.
// Constant; any thread. Sources: the models' config.json on their hub pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/config.h"

namespace engine {

base::Result<ModelConfig> find_shape(std::string_view name);  // NotFound names those there are
std::vector<std::string> shape_names();

}  // namespace engine

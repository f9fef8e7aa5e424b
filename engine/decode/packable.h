// packable.h: which models the decode loop over packed weights can run, by their numbers.
// Asked before a model is loaded, and by who foretells its memory. Pure.
#pragma once

#include "engine/config.h"

namespace engine {

// Wired like LLaMA, every token sees all before it, and of widths that the loops take.
bool packable(const ModelConfig& config);

}  // namespace engine

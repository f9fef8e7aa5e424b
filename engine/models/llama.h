// llama.h: LLaMA's model, for the architectures that have its wiring and differ in numbers and in how files store it.
#pragma once

#include <memory>

#include "engine/models/rotary.h"

namespace engine {

std::unique_ptr<Model> make_llama_like(const ModelConfig& config, GgufRotary rows);

}  // namespace engine

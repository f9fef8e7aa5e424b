// load_model.h: a folder or a .gguf file as a Model that is ready to run, packed for the decode loops where it can be.
// load_model() for the engine's own model and for one that drafts for it. Errors are one sentence naming the file and the tensor or field;
// throws what libtorch throws.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <stop_token>

#include "engine/load.h"
#include "engine/models/model.h"

namespace engine {

struct LoadedModel {
  std::unique_ptr<Model> model;
  ModelInfo info;
  torch::Device device;
  torch::Dtype dtype;  // of keys and values
};

base::Result<LoadedModel> load_model(const LoadOptions& options, const Progress& progress, std::stop_token stop);

}  // namespace engine

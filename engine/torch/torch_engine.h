// torch_engine.h: the Engine that libtorch runs; the only place where libtorch's exceptions are caught.
// load_torch_engine() is what librigpilot_torch.so exports through its table (entry.cpp); everyone else sees engine/load.h.
#pragma once

#include <memory>

#include "engine/load.h"

namespace engine {

base::Result<std::unique_ptr<Engine>> load_torch_engine(const LoadOptions& options, const Progress& progress, std::stop_token stop);
base::Result<BackendInfo> torch_backend_info();

}  // namespace engine

// torch/library.h: the table that librigpilot_torch.so exports; engine/load.cpp and torch/entry.cpp agree on it.
// Both are built from one tree: `version` differs only where an old library was left beside a new program.
#pragma once

#include "engine/load.h"

namespace engine {

constexpr int kTorchLibraryVersion = 1;  // raise it when anything in engine/engine.h or engine/load.h changes

struct TorchLibrary {
  int version = kTorchLibraryVersion;
  base::Result<std::unique_ptr<Engine>> (*load)(const LoadOptions&, const Progress&, std::stop_token) = nullptr;
  base::Result<BackendInfo> (*backend_info)() = nullptr;
};

// What the library exports, as extern "C" "rigpilot_torch_library".
using TorchLibraryFunction = const TorchLibrary* (*)();

}  // namespace engine

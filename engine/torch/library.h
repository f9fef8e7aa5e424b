// torch/library.h: the table that librigpilot_torch.so exports; engine/load.cpp and torch/entry.cpp agree on it.
// Both are built from one tree: `version` differs only where an old library was left beside a new program.
#pragma once

#include "engine/load.h"
#include "engine/training.h"

namespace engine {

constexpr int kTorchLibraryVersion = 4;  // raise it when anything in engine/engine.h, load.h or training.h changes

struct TorchLibrary {
  int version = kTorchLibraryVersion;
  base::Result<std::unique_ptr<Engine>> (*load)(const LoadOptions&, const Progress&, std::stop_token) = nullptr;
  base::Result<BackendInfo> (*backend_info)() = nullptr;
  base::Result<TrainReport> (*train)(const TrainRequest&, const TrainEvents&, std::stop_token) = nullptr;
};

// Opened beside the program on first use and never closed; defined in load.cpp.
base::Result<const TorchLibrary*> open_torch_library();

// What the library exports, as extern "C" "rigpilot_torch_library".
using TorchLibraryFunction = const TorchLibrary* (*)();

}  // namespace engine

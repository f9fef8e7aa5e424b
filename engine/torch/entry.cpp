// entry.cpp: the one symbol of librigpilot_torch.so.
#include "engine/torch/library.h"
#include "engine/torch/torch_engine.h"
#include "engine/train/trainer.h"

extern "C" __attribute__((visibility("default"))) const engine::TorchLibrary* rigpilot_torch_library() {
  static const engine::TorchLibrary library{engine::kTorchLibraryVersion, engine::load_torch_engine, engine::torch_backend_info, engine::train_with_torch};
  return &library;
}

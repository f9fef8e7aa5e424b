// load.h: from a path to a running Engine.
// load_engine() opens librigpilot_torch.so (beside the program) on first use, so that a program that runs no model never
// pays libtorch's start; progress is told as a fraction, on the calling thread.
// Fails with one sentence: which file, which tensor or field, what was expected. Cancelled by the stop token.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace engine {

enum class Quant {
  Auto,  // as the file stores them: a quantised GGUF stays quantised; or as is noted beside them (config/model_notes.h)
  None,  // every weight expanded to the dtype
  Int8,  // 8-bit codes in groups of 32
  Int4,  // 4-bit codes in groups of 32
};
base::Result<Quant> parse_quant(const std::string& name);  // auto, none, int8, int4

struct LoadOptions {
  std::filesystem::path path;    // a Hugging Face folder or a .gguf file
  std::string device = "auto";   // auto, cpu, cuda, cuda:N
  std::string dtype = "auto";    // auto, f32, bf16, f16
  Quant quant = Quant::Auto;
  int threads = 0;               // 0: as many as there are physical cores
  std::filesystem::path adapter{};  // a LoRA adapter's folder (Engine::use_adapter); empty: none
  std::int64_t max_context = 0;  // 0: the model's own; a smaller one saves memory
};

using Progress = std::function<void(double fraction)>;  // 0 to 1, never going back

base::Result<std::unique_ptr<Engine>> load_engine(const LoadOptions& options, const Progress& progress,
                                                  std::stop_token stop);

// What the linked libtorch can run on, for `rigpilot doctor`: opens the library.
struct DeviceInfo {
  std::string name;         // "cpu", "cuda:0"
  std::string description;  // "NVIDIA H100", "AMD EPYC"
  std::int64_t memory_bytes = 0;
};
struct BackendInfo {
  std::string torch_version;
  std::string cpu_capability;  // as libtorch names it: "AVX512", "AVX2"
  bool fast_bf16 = false;      // the CPU multiplies bf16 natively
  std::vector<DeviceInfo> devices;
};
base::Result<BackendInfo> backend_info();

}  // namespace engine

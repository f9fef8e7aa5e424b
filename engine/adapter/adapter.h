// adapter.h: a LoRA adapter: what is added to some of a model's matrices, W + scale * B A, in the `peft` library's folder layout.
// read_adapter(FOLDER) reads adapter_config.json and adapter_model.safetensors whole; write_adapter() makes both.
// Values in f32; immutable once made. Errors name the file and the tensor. Names are the Hugging Face names of the matrices.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/adapter/adapter_config.h"

namespace engine {

struct LowRank {
  std::int64_t rank = 0, inputs = 0, outputs = 0;
  std::vector<float> a;  // [rank, inputs]
  std::vector<float> b;  // [outputs, rank]
  double scale = 1;
};

struct Adapter {
  std::filesystem::path folder;
  AdapterConfig config;
  std::map<std::string, LowRank> matrices;  // "model.layers.0.self_attn.q_proj.weight"
};

base::Result<Adapter> read_adapter(const std::filesystem::path& folder);
base::Result<void> write_adapter(const std::filesystem::path& folder, const Adapter& adapter);

}  // namespace engine

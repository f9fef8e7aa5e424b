// memory.h: how much memory a fine-tuning will ask for, before it starts.
// memory_needed(config, plan) sums weights, gradients, the optimizer's numbers and what a micro-batch leaves for the way back;
// enough_memory() says in one sentence what would help where the machine has less. Pure; estimates, within a third of what is used.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "engine/config.h"

namespace app {

struct MemoryPlan {
  std::int64_t weight_bytes = 0;  // as the model is held: with LoRA frozen
  std::int64_t trained = 0;       // parameters with gradients
  std::int64_t micro_tokens = 2048, context = 512;
  bool recompute = false, bf16 = true;
};

struct MemoryNeeded {
  std::int64_t weights = 0, optimizer = 0, activations = 0;
  std::int64_t total() const { return weights + optimizer + activations; }
};

// Parameters of all matrices of the blocks, and of everything.
std::int64_t block_parameters(const engine::ModelConfig& config);
std::int64_t all_parameters(const engine::ModelConfig& config);
// Of low-rank adaptation of every matrix of the blocks.
std::int64_t lora_parameters(const engine::ModelConfig& config, std::int64_t rank);

MemoryNeeded memory_needed(const engine::ModelConfig& config, const MemoryPlan& plan);
base::Result<void> enough_memory(const MemoryNeeded& needed, std::int64_t available, const MemoryPlan& plan);

}  // namespace app

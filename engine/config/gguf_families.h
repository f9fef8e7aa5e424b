// gguf_families.h: GGUF's keys, family by family: each function reads one family's numbers into a ModelConfig.
// read_gguf_config() picks one by general.architecture; the family checks its shape and says which biases the file holds.
// The keys are those of ggml's docs/gguf.md, "LLM". Pure.
#pragma once

#include "engine/config/gguf_reader.h"

namespace engine {

base::Result<void> read_gguf_bloom(const GgufReader& in, ModelConfig& config);
base::Result<void> read_gguf_gemma(const GgufReader& in, ModelConfig& config);
base::Result<void> read_gguf_gpt2(const GgufReader& in, ModelConfig& config);
base::Result<void> read_gguf_granite(const GgufReader& in, ModelConfig& config);
base::Result<void> read_gguf_llama(const GgufReader& in, ModelConfig& config);  // and Qwen2, Qwen3
base::Result<void> read_gguf_neox(const GgufReader& in, ModelConfig& config);
base::Result<void> read_gguf_stablelm(const GgufReader& in, ModelConfig& config);
base::Result<void> read_gguf_starcoder(const GgufReader& in, ModelConfig& config);
base::Result<void> read_gguf_starcoder2(const GgufReader& in, ModelConfig& config);

// What the families share: the sizes every model has; positions of those that rotate (config.rope); the shape's own checks.
base::Result<void> read_gguf_sizes(const GgufReader& in, ModelConfig& config);
base::Result<void> read_gguf_rope(const GgufReader& in, ModelConfig& config);
base::Result<void> check_gguf_shape(const GgufReader& in, ModelConfig& config);

// After check_gguf_shape: values and rotations as wide as the head's keys, or a sentence.
base::Result<void> expect_gguf_head_width(const GgufReader& in, const ModelConfig& config);

}  // namespace engine

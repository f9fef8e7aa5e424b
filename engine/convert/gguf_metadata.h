// gguf_metadata.h: a model's configuration as the keys of a GGUF header: what read_gguf_config() and llama.cpp read.
// add_config(config, type, header), then the vocabulary's keys and the tensors.
// fits_gguf(config) first: it refuses what no key can say. Pure. Source: ggml's docs/gguf.md, "LLM", and llama.cpp's convert_hf_to_gguf.py.
#pragma once

#include "base/formats/gguf_writer.h"
#include "engine/config.h"

namespace engine {

// `type`: what most matrices are stored as.
void add_config(const ModelConfig& config, base::GgmlType type, base::GgufHeader& header);

// general.file_type for a file whose matrices are mostly of this type.
std::uint32_t gguf_file_type(base::GgmlType type);

// An error's sentence where GGUF has no key for what makes this model another than its family's published ones.
base::Result<void> fits_gguf(const ModelConfig& config);

// What GGUF stores in place of Llama 3.1's scaling: a divisor for each rotary frequency. Empty for other scalings.
std::vector<float> rope_divisors(const ModelConfig& config);

}  // namespace engine

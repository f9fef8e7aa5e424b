// random_model.h: writes a whole model with random weights: a Hugging Face folder or a GGUF file, with a vocabulary.
// write_random_model({shape, type, seed, path}, progress): speed and memory of a model without its download.
// Streams: never more than a megabyte of weights in memory. The model file appears whole or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "engine/config.h"
#include "engine/load.h"

namespace engine {

struct RandomModel {
  ModelConfig config;  // find_shape()
  base::GgmlType type = base::GgmlType::BF16;
  std::uint64_t seed = 0;
  std::string fim = "qwen";  // whose markers the vocabulary has: one of tokenizer::fim_families()
  std::filesystem::path path;  // ends in .gguf: a GGUF file; otherwise a folder, of F32, F16 or BF16
};
base::Result<void> write_random_model(RandomModel model, const Progress& progress);

}  // namespace engine

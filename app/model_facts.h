// model_facts.h: what `rigpilot model info` knows of a model without loading it: numbers, memory, vocabulary.
// examine_model_file() reads the configuration and the tensor table, so that it is quick for a model of any size.
// Errors are one sentence; a model without a vocabulary is still a model.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/load.h"
#include "tokenizer/fim.h"

namespace app {

struct MemoryNeed {
  std::string quant;       // as --quant takes it
  std::int64_t bytes = 0;  // of the weights
};

struct Facts {
  std::string path;
  engine::ModelInfo info;  // for the options given; load_ms is 0
  std::vector<MemoryNeed> needs;  // at each --quant
  std::int64_t kv_bytes_1024 = 0;  // keys and values of 1,024 tokens
  std::int64_t memory_bytes = 0, available_bytes = 0;  // of this machine
  base::Result<std::unique_ptr<tokenizer::Tokenizer>> tokenizer;
  std::optional<tokenizer::FimLayout> fim;
};

base::Result<Facts> examine_model_file(const ModelOptions& options);

}  // namespace app

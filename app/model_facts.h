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

struct DeviceFit {
  std::string device;      // "cpu", "cuda:0"
  std::int64_t bytes = 0;  // of the weights and the keys and values of 1,024 tokens, at the options' quant, in its own dtype
  std::int64_t room = 0;   // free memory of the host, a GPU's whole memory; 0: not known
  std::optional<bool> fits() const { return room ? std::optional(bytes < room) : std::nullopt; }
};

struct Facts {
  std::string path;
  engine::ModelInfo info;  // for the options given; load_ms is 0
  std::vector<MemoryNeed> needs;  // at each --quant
  std::vector<DeviceFit> devices;  // of this machine; libtorch is asked only where a GPU's driver is
  std::int64_t kv_bytes_1024 = 0;  // keys and values of 1,024 tokens
  std::int64_t memory_bytes = 0, available_bytes = 0;  // of this machine
  base::Result<std::unique_ptr<tokenizer::Tokenizer>> tokenizer;
  std::optional<tokenizer::FimLayout> fim;
};

base::Result<Facts> examine_model_file(const ModelOptions& options);

}  // namespace app

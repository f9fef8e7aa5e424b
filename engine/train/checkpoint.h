// checkpoint.h: everything a training needs to go on as if it had never stopped, in one safetensors file.
// write_checkpoint() replaces the file at once or not at all; read_checkpoint() fills the optimizer's tensors in place.
// The numbers are texts in the file's metadata. Errors name the file and the tensor. One thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/train/data/sequence_stream.h"
#include "engine/train/optimizer.h"

namespace engine {

struct TrainState {
  std::int64_t step = 0, tokens = 0;
  SequenceStream::Position data;
  bool operator==(const TrainState&) const = default;
};

base::Result<void> write_checkpoint(const std::filesystem::path& path, const TrainState& state, const std::vector<NamedTensor>& tensors);
base::Result<TrainState> read_checkpoint(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors);

}  // namespace engine

// load_parameters.h: fills a model's slots from a source of weights.
// Every missing tensor, every unused one and every wrong shape is an error that names the file and the tensor.
// One tensor is expanded at a time and its pages are given back; throws only what libtorch throws (out of memory).
#pragma once

#include <torch/torch.h>

#include <optional>
#include <stop_token>

#include "base/result.h"
#include "engine/kernels/arena.h"
#include "engine/load.h"
#include "engine/models/model.h"
#include "engine/threads/team.h"
#include "engine/weights/source.h"

namespace engine {

struct Loaded {
  std::int64_t parameters = 0;
  std::int64_t resident_bytes = 0;
  std::string stored_as;       // the commonest type of the matrices, as GGUF names it: "q4_1", "bf16"
  torch::Tensor rope_factors;  // GGUF's rope_freqs.weight, or undefined
};

struct LoadTarget {
  torch::Device device;
  torch::Dtype dtype;
  Quant quant;
  Team* pack = nullptr;  // where set, every matrix is packed for the decode loop, on this team: all_grouped() says whether it can be
  Arena* arena = nullptr;  // where packed weights lie; null: each in memory of its own
  std::optional<torch::Dtype> products{};  // of matrices that are only multiplied, where another than the rest's
};

base::Result<Loaded> load_parameters(Model& model, const WeightSource& source, const LoadTarget& target, const Progress& progress,
                                     std::stop_token stop);

// Whether every matrix of the model would be held in groups, were it packed.
bool all_grouped(Model& model, const WeightSource& source, Quant quant);

}  // namespace engine

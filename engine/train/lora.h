// lora.h: the two thin matrices that low-rank adaptation trains beside each of a model's frozen ones (Hu et al. 2021, arXiv 2106.09685).
// LoraWeights::attach(model, settings, seed, device) puts them there, B as zeros, so that the model begins as it was; parameters() for an
// optimizer; adapter() gives them as an adapter's files have them. Tensors are shared with the model. One thread.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "engine/adapter/adapter.h"
#include "engine/train/parameters.h"
#include "engine/training.h"

namespace engine {

class LoraWeights {
 public:
  static base::Result<LoraWeights> attach(Model& model, const LoraSettings& settings, std::uint64_t seed, torch::Device device);

  std::vector<Parameter> parameters() const;
  Adapter adapter() const;

 private:
  struct Pair {
    std::string name;  // of the matrix, Hugging Face's
    Layout in_hugging_face;
    torch::Tensor a_RI, b_OR;
  };
  std::vector<Pair> pairs_;
  AdapterConfig config_;
};

}  // namespace engine

// rope.h: rotary position embedding (Su et al. 2021, arXiv 2104.09864) in the half-split convention of Hugging Face.
// A Rope holds tables of cosines and sines; at() gives the rows of some positions; apply() turns queries and keys.
// Scalings: linear (Chen et al. 2023), llama3 (Llama 3.1), YaRN (Peng et al. 2023, arXiv 2309.00071), as transformers does them.
// Tables grow on demand; used on the engine thread.
#pragma once

#include <torch/torch.h>

#include "engine/config.h"

namespace engine {

// Inverse frequencies, [width / 2] in f32, with the scaling applied; `width` of a head's numbers are rotated. `factors`,
// where defined, divides them (GGUF's rope_freqs.weight holds llama3's factors so).
torch::Tensor rope_frequencies(const RopeConfig& config, std::int64_t width, const torch::Tensor& factors = {});

// YaRN also scales attention; 1 for every other scaling.
double rope_attention_factor(const RopeConfig& config);

class Rope {
 public:
  Rope() = default;
  Rope(torch::Tensor frequencies, double attention_factor, torch::Device device, torch::Dtype dtype);

  struct Rows {
    torch::Tensor cos_TD, signed_sin_TD;  // [T, width]; the first half's sines are negative
  };
  const torch::Tensor& frequencies() const { return frequencies_; }  // [width / 2]
  Rows at(std::int64_t first, std::int64_t count);

  // x: [heads, T, head width]; where the rows are narrower, the rest of each head stays as it is.
  static torch::Tensor apply(const torch::Tensor& x_HTD, const Rows& rows);

 private:
  torch::Tensor frequencies_;
  double attention_factor_ = 1;
  torch::Device device_ = torch::kCPU;
  torch::Dtype dtype_ = torch::kFloat32;
  torch::Tensor cos_, signed_sin_;  // [positions so far, width]
};

}  // namespace engine

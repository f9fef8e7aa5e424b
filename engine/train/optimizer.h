// optimizer.h: Muon for the matrices of the blocks, AdamW for embeddings, heads, norms and biases.
// step(rate) once the gradients are summed; state() names every tensor that a checkpoint must hold. One thread.
// Muon: Jordan et al. 2024; its updates scaled to AdamW's size, so that one learning rate serves both: Liu et al. 2025,
// arXiv 2502.16982. AdamW: Loshchilov and Hutter 2017, arXiv 1711.05101.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "engine/train/parameters.h"
#include "engine/training.h"

namespace engine {

struct NamedTensor {
  std::string name;
  torch::Tensor value;
};

class Optimizer {
 public:
  Optimizer(std::vector<Parameter> parameters, const OptimizerSettings& settings);

  double clip();  // the norm of all gradients, before they are scaled down to settings.clip
  void step(double rate);
  void clear_gradients();

  std::vector<NamedTensor> state() const;  // shared with the optimizer: writing into them restores it
  void set_steps(std::int64_t steps) { steps_ = steps; }

 private:
  struct Moments {
    torch::Tensor first, second;  // second: AdamW's only
  };
  void muon(Parameter& parameter, Moments& moments, double rate) const;
  void adamw(Parameter& parameter, Moments& moments, double rate) const;
  bool by_muon(const Parameter& p) const { return settings_.muon && p.kind == Parameter::Kind::Matrix; }

  std::vector<Parameter> parameters_;
  std::vector<Moments> moments_;
  OptimizerSettings settings_;
  std::int64_t steps_ = 0;
  torch::Dtype iterated_ = torch::kFloat32;  // Muon's products: bf16 where the device multiplies it by itself
};

// The nearest matrix whose rows (or columns) are orthonormal, about: five steps of a Newton-Schulz iteration in `dtype`. An f32 matrix.
torch::Tensor orthogonalized(const torch::Tensor& matrix, torch::Dtype dtype);

}  // namespace engine

// ranks.h: several processes as one training: sums over all of them, by PyTorch's c10d (Gloo on the CPU, NCCL or RCCL on GPUs).
// RankGroup::join() waits for the others; sum() adds a tensor's numbers up in place, to the same bits in every process.
// Alone (count 1) it does nothing. One thread. c10d throws where another process is gone; the trainer's guard catches.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "engine/training.h"

namespace engine {

class RankGroup {
 public:
  RankGroup() = default;
  static base::Result<RankGroup> join(const Ranks& ranks, torch::Device device);

  int rank() const { return ranks_.rank; }
  int count() const { return ranks_.count; }
  bool leads() const { return ranks_.rank == 0; }

  void sum(torch::Tensor& values);
  // Of tensors and some numbers more, in one go.
  void sum(const std::vector<torch::Tensor>& tensors, std::span<double> numbers);

 private:
  Ranks ranks_;
  torch::Device device_ = torch::kCPU;
  struct Backend;
  std::shared_ptr<Backend> backend_;  // null: alone
};

}  // namespace engine

// recomputed.h: activation checkpointing (Chen et al. 2016, arXiv 1604.06174): of a block only its input is kept for the way back,
// where the block runs once more. recomputed(x, block) gives what block(x) gives; gradients of weights and of x are the same.
// For training: memory of one block's activations rather than all, for a third more work. `block` is kept until the way back is done.
#pragma once

#include <torch/torch.h>

#include <functional>

namespace engine {

torch::Tensor recomputed(const torch::Tensor& x_TD, std::function<torch::Tensor(torch::Tensor)> block);

}  // namespace engine

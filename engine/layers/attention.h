// attention.h: grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245) over a cache, causal.
// attend() takes queries of T new tokens and the keys and values of all S tokens (the new ones last).
// Pure; shapes: H query heads, K kv heads (H % K == 0), D head width.
#pragma once

#include <torch/torch.h>

namespace engine {

// queries: [H, T, D]; keys, values: [K, S, D] -> [T, H * D]. Token i of the new ones sees the first S - T + i + 1.
torch::Tensor attend(const torch::Tensor& queries_HTD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD);

}  // namespace engine

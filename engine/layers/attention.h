// attention.h: grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245) over a cache, causal.
// causal_mask() once a forward pass, attend() once a layer: queries of T new tokens, keys and values of all S tokens (the
// new ones last). Pure. Shapes: H query heads, K kv heads (H % K == 0), G = H / K, D head width.
#pragma once

#include <torch/torch.h>

namespace engine {

// What to add to the scores: 0 where token i of the new ones sees (the first S - T + i + 1), -infinity elsewhere.
// [G * T, S]; undefined for a single token, which sees everything.
torch::Tensor causal_mask(std::int64_t groups, std::int64_t count, std::int64_t seen, const torch::TensorOptions& options);

// queries: [H, T, D]; keys, values: [K, S, D] -> [T, H * D].
torch::Tensor attend(const torch::Tensor& queries_HTD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD, const torch::Tensor& mask);

}  // namespace engine

// attention.h: grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245) of one sequence over its cache, causal.
// sight() once a forward pass, attend() once a layer: queries of T new tokens, keys and values of the S tokens they see (the
// new ones last). Pure. Shapes: H query heads, K kv heads (H % K == 0), G = H / K, D head width.
#pragma once

#include <torch/torch.h>

namespace engine {

struct SightOf {
  std::int64_t heads = 1, kv_heads = 1;
  std::int64_t count = 1, seen = 1;  // new tokens; all tokens, the new ones among them
  std::int64_t window = 0;           // > 0: a token sees itself and the window - 1 before it (Beltagy et al. 2020, arXiv 2004.05150)
  torch::Tensor slopes_H{};          // ALiBi's bias is slope * distance, <= 0 (Press et al. 2021, arXiv 2108.12409); may be undefined
};

// Which of the cached tokens the new ones see, and what to add to their scores.
struct Sight {
  std::int64_t first = 0;  // keys and values before this one are out of every new token's window
  // 0 where a new token sees a key, -infinity elsewhere, plus ALiBi's bias: [G * T, S - first], or [K, G * T, S - first] with
  // slopes. Undefined where a single token sees all of them.
  torch::Tensor mask{};
};
Sight sight(const SightOf& of, const torch::TensorOptions& options);

// queries: [H, T, D]; keys, values: [K, S, D]; scale: of the scores before the mask -> [T, H * D].
torch::Tensor attend(const torch::Tensor& queries_HTD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD, const torch::Tensor& mask,
                     double scale);

}  // namespace engine

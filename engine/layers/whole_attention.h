// whole_attention.h: causal attention of whole sequences and its gradient, for training in bf16 on the CPU.
// attend_with_gradients() where it fits, and nothing where libtorch's own must do: no gradients wanted, another dtype or device,
// a head width that is no multiple of 16, a processor without AVX512-BF16. The weights of all pairs are never held (Dao et al. 2022,
// arXiv 2205.14135): blocks of 64 queries or keys, products by attention_products.h, the rest by attention_loops.h.
// Shapes: H query heads, K kv heads, T tokens of all sequences, D head width.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <vector>

namespace engine {

// queries: [H, T, D]; keys, values: [K, T, D]; counts: of each sequence, T in all -> [T, H * D].
std::optional<torch::Tensor> attend_with_gradients(const torch::Tensor& queries_HTD, const torch::Tensor& keys_KTD, const torch::Tensor& values_KTD,
                                                   const std::vector<std::int64_t>& counts, double scale);

}  // namespace engine

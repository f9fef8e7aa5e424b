#include "engine/layers/attention.h"

#include <cmath>

namespace engine {
namespace {

// One token sees everything: no mask, and the heads of a group are simply more rows for their keys.
torch::Tensor attend_one(const torch::Tensor& queries_HTD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD) {
  const std::int64_t groups = keys_KSD.size(0), width = keys_KSD.size(2);
  const torch::Tensor q_KGD = queries_HTD.reshape({groups, -1, width}) * (1 / std::sqrt(double(width)));
  const torch::Tensor weights = torch::bmm(q_KGD, keys_KSD.transpose(1, 2)).to(torch::kFloat32).softmax(-1);
  return torch::bmm(weights.to(values_KSD.scalar_type()), values_KSD).reshape({1, -1});
}

torch::Tensor one_per_query_head(const torch::Tensor& x_KSD, std::int64_t heads) {
  const std::int64_t groups = x_KSD.size(0);
  if (groups == heads) return x_KSD.unsqueeze(0);
  return x_KSD.unsqueeze(1).expand({groups, heads / groups, x_KSD.size(1), x_KSD.size(2)}).reshape({1, heads, x_KSD.size(1), x_KSD.size(2)});
}

}  // namespace

torch::Tensor attend(const torch::Tensor& queries_HTD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD) {
  const std::int64_t heads = queries_HTD.size(0), count = queries_HTD.size(1), seen = keys_KSD.size(1);
  if (count == 1) return attend_one(queries_HTD, keys_KSD, values_KSD);
  const torch::Tensor mask_TS = torch::ones({count, seen}, queries_HTD.options().dtype(torch::kBool)).tril(seen - count);
  const torch::Tensor out = at::scaled_dot_product_attention(queries_HTD.unsqueeze(0), one_per_query_head(keys_KSD, heads),
                                                             one_per_query_head(values_KSD, heads), mask_TS);
  return out.squeeze(0).transpose(0, 1).reshape({count, -1});
}

}  // namespace engine

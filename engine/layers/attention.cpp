#include "engine/layers/attention.h"

#include <cmath>
#include <limits>

namespace engine {
namespace {

torch::Tensor attend_one(const torch::Tensor& q_KGD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD) {
  const torch::Tensor scores = torch::bmm(q_KGD * (1 / std::sqrt(double(q_KGD.size(2)))), keys_KSD.transpose(1, 2));
  const torch::Tensor weights = scores.to(torch::kFloat32).softmax(-1).to(values_KSD.scalar_type());
  return torch::bmm(weights, values_KSD).reshape({1, -1});
}

}  // namespace

torch::Tensor causal_mask(std::int64_t groups, std::int64_t count, std::int64_t seen, const torch::TensorOptions& options) {
  if (count == 1) return {};
  return torch::full({count, seen}, -std::numeric_limits<double>::infinity(), options).triu_(seen - count + 1).repeat({groups, 1});
}

// The G query heads that share a kv head are simply more rows for its keys: nothing is copied once per query head.
torch::Tensor attend(const torch::Tensor& queries_HTD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD, const torch::Tensor& mask) {
  const std::int64_t heads = queries_HTD.size(0), count = queries_HTD.size(1), width = queries_HTD.size(2), kv_heads = keys_KSD.size(0);
  const torch::Tensor queries = queries_HTD.reshape({kv_heads, heads / kv_heads * count, width});
  if (count == 1) return attend_one(queries, keys_KSD, values_KSD);
  const torch::Tensor out = at::scaled_dot_product_attention(queries.unsqueeze(0), keys_KSD.unsqueeze(0), values_KSD.unsqueeze(0), mask);
  return out.reshape({heads, count, width}).transpose(0, 1).reshape({count, heads * width});
}

}  // namespace engine

#include "engine/layers/attention.h"

#include <algorithm>
#include <limits>

namespace engine {
namespace {

torch::Tensor attend_one(const torch::Tensor& q_KGD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD, const torch::Tensor& mask,
                         double scale) {
  torch::Tensor scores = torch::bmm(q_KGD * scale, keys_KSD.transpose(1, 2)).to(torch::kFloat32);
  if (mask.defined()) scores.add_(mask);
  return torch::bmm(scores.softmax(-1).to(values_KSD.scalar_type()), values_KSD).reshape({1, -1});
}

// How far before each new token each key is: [T, S - first]; negative for keys after it.
torch::Tensor distances(const SightOf& of, std::int64_t first, const torch::TensorOptions& options) {
  const torch::TensorOptions wide = options.dtype(torch::kFloat32);
  return torch::arange(of.seen - of.count, of.seen, wide).unsqueeze(1) - torch::arange(first, of.seen, wide);
}

}  // namespace

Sight sight(const SightOf& of, const torch::TensorOptions& options) {
  Sight out;
  if (of.window > 0) out.first = std::max<std::int64_t>(0, of.seen - of.count - of.window + 1);
  if (of.count == 1 && !of.slopes_H.defined()) return out;
  const torch::Tensor before = distances(of, out.first, options);
  torch::Tensor unseen = before < 0;
  if (of.window > 0) unseen = unseen | (before >= of.window);
  const std::int64_t groups = of.heads / of.kv_heads;
  torch::Tensor mask = torch::zeros_like(before);
  if (of.slopes_H.defined()) mask = of.slopes_H.to(before.options()).view({-1, 1, 1}) * -before;
  mask = mask.masked_fill(unseen, -std::numeric_limits<double>::infinity());
  mask = of.slopes_H.defined() ? mask.reshape({of.kv_heads, groups * of.count, -1}) : mask.repeat({groups, 1});
  out.mask = mask.to(options.dtype());
  return out;
}

// The G query heads that share a kv head are simply more rows for its keys: nothing is copied once per query head.
torch::Tensor attend(const torch::Tensor& queries_HTD, const torch::Tensor& keys_KSD, const torch::Tensor& values_KSD, const torch::Tensor& mask,
                     double scale) {
  const std::int64_t heads = queries_HTD.size(0), count = queries_HTD.size(1), width = queries_HTD.size(2), kv_heads = keys_KSD.size(0);
  const torch::Tensor queries = queries_HTD.reshape({kv_heads, heads / kv_heads * count, width});
  if (count == 1) return attend_one(queries, keys_KSD, values_KSD, mask, scale);
  const torch::Tensor out =
      at::scaled_dot_product_attention(queries.unsqueeze(0), keys_KSD.unsqueeze(0), values_KSD.unsqueeze(0), mask, 0.0, false, scale);
  return out.reshape({heads, count, width}).transpose(0, 1).reshape({count, heads * width});
}

}  // namespace engine

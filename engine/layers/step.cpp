#include "engine/layers/step.h"

#include <algorithm>

#include "engine/layers/whole_attention.h"

namespace engine {
namespace {

// One Attention of a model has slopes or none has: its window alone tells its looks from another's.
const std::vector<Sight>& sights(Step& step, const torch::Tensor& queries_HTD, std::int64_t kv_heads, const Attention& how) {
  for (const Step::Looks& looks : step.looks)
    if (looks.window == how.window) return looks.of_sequence;
  Step::Looks made{how.window, {}};
  for (const Sequence& s : step.batch.sequences)
    made.of_sequence.push_back(sight({.heads = queries_HTD.size(0), .kv_heads = kv_heads, .count = s.count, .seen = s.cached() + s.count,
                                      .window = how.window, .slopes_H = how.slopes_H}, queries_HTD.options()));
  return step.looks.emplace_back(std::move(made)).of_sequence;
}

torch::Tensor attend_one(const Step& step, const Sequence& sequence, const torch::Tensor& queries_HTD, const torch::Tensor& keys_KTD,
                         const torch::Tensor& values_KTD, const Sight& sight, double scale) {
  if (!sequence.cache) return attend(queries_HTD, keys_KTD, values_KTD, sight.mask, scale);
  const KvCache::View all = sequence.cache->append(step.layer, keys_KTD, values_KTD);
  const std::int64_t seen = all.keys_KSD.size(1) - sight.first;
  if (sight.first == 0) return attend(queries_HTD, all.keys_KSD, all.values_KSD, sight.mask, scale);
  return attend(queries_HTD, all.keys_KSD.narrow(1, sight.first, seen), all.values_KSD.narrow(1, sight.first, seen), sight.mask, scale);
}

// Sequences that are new as a whole and see all that went before: no mask is needed.
bool plainly_causal(const Batch& batch, const Attention& how) {
  return how.window == 0 && !how.slopes_H.defined() && std::ranges::none_of(batch.sequences, [](const Sequence& s) { return s.cache != nullptr; });
}

torch::Tensor attend_whole(const std::vector<Sequence>& sequences, const torch::Tensor& queries_HTD, const torch::Tensor& keys_KTD,
                           const torch::Tensor& values_KTD, double scale) {
  std::vector<std::int64_t> counts;
  for (const Sequence& s : sequences) counts.push_back(s.count);
  if (auto out_TD = attend_with_gradients(queries_HTD, keys_KTD, values_KTD, counts, scale)) return *out_TD;
  const bool grouped = queries_HTD.size(0) != keys_KTD.size(0);
  const auto split = [&](const torch::Tensor& rows) { return rows.unsqueeze(0).split_with_sizes(counts, 2); };  // its backward is one copy
  const std::vector<torch::Tensor> queries = split(queries_HTD), keys = split(keys_KTD), values = split(values_KTD);
  std::vector<torch::Tensor> parts;
  for (size_t i = 0; i < counts.size(); ++i) {
    const torch::Tensor out = at::scaled_dot_product_attention(queries[i], keys[i], values[i], {}, 0.0, /*is_causal=*/true, scale, grouped);
    parts.push_back(out.squeeze(0).transpose(0, 1).reshape({counts[i], -1}));
  }
  return parts.size() == 1 ? parts.front() : torch::cat(parts);
}

}  // namespace

torch::Tensor attend(Step& step, const torch::Tensor& queries_HTD, const torch::Tensor& keys_KTD, const torch::Tensor& values_KTD,
                     const Attention& how) {
  const std::vector<Sequence>& sequences = step.batch.sequences;
  if (plainly_causal(step.batch, how)) return attend_whole(sequences, queries_HTD, keys_KTD, values_KTD, how.scale);
  const std::vector<Sight>& seen = sights(step, queries_HTD, keys_KTD.size(0), how);
  if (sequences.size() == 1) return attend_one(step, sequences[0], queries_HTD, keys_KTD, values_KTD, seen[0], how.scale);
  std::vector<torch::Tensor> parts;
  std::int64_t first = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const auto own = [&](const torch::Tensor& rows) { return rows.narrow(1, first, sequences[i].count); };
    parts.push_back(attend_one(step, sequences[i], own(queries_HTD), own(keys_KTD), own(values_KTD), seen[i], how.scale));
    first += sequences[i].count;
  }
  return torch::cat(parts);
}

Rope::Rows rotations(Rope& rope, const Batch& batch) {
  std::vector<torch::Tensor> cos, sin;
  for (const Sequence& s : batch.sequences) {
    const Rope::Rows rows = rope.at(s.cached(), s.count);
    cos.push_back(rows.cos_TD), sin.push_back(rows.signed_sin_TD);
  }
  if (cos.size() == 1) return {cos[0], sin[0]};
  return {torch::cat(cos), torch::cat(sin)};
}

}  // namespace engine

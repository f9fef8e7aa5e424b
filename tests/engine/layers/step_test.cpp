// A ragged batch gives each sequence what it gets alone: positions, rows of logits, caches and attention.
#include "engine/layers/step.h"

#include "support/catch.h"

namespace {

using engine::Batch;
using engine::KvCache;
using engine::LogitsOf;
using torch::Tensor;

constexpr int kHeads = 4, kKvHeads = 2, kWidth = 6;

KvCache cache_of(int length) {
  torch::manual_seed(length);
  KvCache cache(1, kKvHeads, kWidth, torch::kCPU, torch::kFloat32);
  if (length == 0) return cache;
  cache.append(0, torch::randn({kKvHeads, length, kWidth}), torch::randn({kKvHeads, length, kWidth}));
  cache.advance(length);
  return cache;
}

}  // namespace

TEST_CASE("batch: positions go on behind each cache; rows are every token's or each sequence's last") {
  KvCache a = cache_of(5), b = cache_of(0), c = cache_of(2);
  const Batch batch{torch::zeros({6}, torch::kInt64), {{&a, 2}, {&b, 3}, {&c, 1}}};
  CHECK(torch::equal(batch.positions(), torch::tensor({5, 6, 0, 1, 2, 2}, torch::kInt64)));
  const Tensor x = torch::arange(6).view({6, 1});
  CHECK(torch::equal(batch.rows_of(x, LogitsOf::EveryToken), x));
  CHECK(torch::equal(batch.rows_of(x, LogitsOf::LastTokens), torch::tensor({1, 4, 5}).view({3, 1})));
  batch.advance();
  CHECK(a.length() == 7);
  CHECK(b.length() == 3);
  CHECK(c.length() == 3);
}

TEST_CASE("step: each sequence of a batch attends to its own cache, rotated by its own positions") {
  torch::manual_seed(3);
  engine::Rope rope(engine::rope_frequencies({.theta = 100}, kWidth), 1, torch::kCPU, torch::kFloat32);
  const std::pair<int, int> cached_and_new[] = {{5, 2}, {0, 3}, {9, 1}};
  const Tensor q = torch::randn({kHeads, 6, kWidth}), k = torch::randn({kKvHeads, 6, kWidth}), v = torch::randn({kKvHeads, 6, kWidth});
  for (const engine::Attention& how : {engine::Attention{.scale = 0.5}, {.scale = 0.5, .window = 3}, {.scale = 0.5, .slopes_H = torch::rand({kHeads})}}) {
    std::vector<KvCache> caches;
    for (const auto& [cached, count] : cached_and_new) caches.push_back(cache_of(cached));
    Batch together{torch::zeros({6}, torch::kInt64), {}};
    for (size_t i = 0; i < caches.size(); ++i) together.sequences.push_back({&caches[i], cached_and_new[i].second});
    engine::Step step{together, engine::rotations(rope, together)};
    const Tensor got = engine::attend(step, engine::Rope::apply(q, step.rope), engine::Rope::apply(k, step.rope), v, how);
    std::int64_t first = 0;
    for (const auto& [cached, count] : cached_and_new) {
      KvCache alone = cache_of(cached);
      const Batch one = Batch::of(torch::zeros({count}, torch::kInt64), alone);
      engine::Step own{one, engine::rotations(rope, one)};
      const auto part = [&, at = first, n = count](const Tensor& all) { return all.narrow(1, at, n); };
      const Tensor expected = engine::attend(own, engine::Rope::apply(part(q), own.rope), engine::Rope::apply(part(k), own.rope), part(v), how);
      CHECK(torch::allclose(got.narrow(0, first, count), expected, 1e-5, 1e-6));
      first += count;
    }
  }
}

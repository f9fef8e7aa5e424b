// batch.h: a ragged batch: the new tokens of several sequences, each behind a cache of its own, in one forward pass.
// Batch::of() for one sequence; for several, concatenate their ids and name each one's cache and count. Layers that see one
// token at a time (projections, norms, MLPs) run over all T rows at once; attend() (step.h) tells the sequences apart.
// Borrows the caches; a value. Shapes: T new tokens of all sequences.
#pragma once

#include <torch/torch.h>

#include <stop_token>
#include <vector>

#include "engine/cache/kv_cache.h"

namespace engine {

struct Sequence {
  KvCache* cache = nullptr;  // of this sequence alone; null: all of it is new and nothing is kept, as in training
  std::int64_t count = 0;    // new tokens, at least one

  std::int64_t cached() const { return cache ? cache->length() : 0; }
};

enum class LogitsOf { EveryToken, LastTokens };  // of each sequence

struct Batch {
  torch::Tensor ids_T;              // int64 on the device: the sequences' new tokens, one sequence after the other
  std::vector<Sequence> sequences;  // their counts add up to T
  // Where it fires, a model leaves the pass between two layers: undefined logits, and the caches are as before.
  std::stop_token stop{};
  bool recompute = false;  // in training: blocks keep only their input, and run again on the way back

  static Batch of(torch::Tensor ids_T, KvCache& cache) {
    const std::int64_t count = ids_T.size(0);
    return {std::move(ids_T), {{&cache, count}}, {}};
  }

  // Of `counts` new tokens each, without caches.
  static Batch whole(torch::Tensor ids_T, const std::vector<std::int64_t>& counts) {
    Batch batch{std::move(ids_T), {}, {}};
    for (const std::int64_t count : counts) batch.sequences.push_back({nullptr, count});
    return batch;
  }

  // Each new token's place in its own sequence, from 0 (what learned positions are looked up by): [T] on the device.
  torch::Tensor positions() const;

  // x's rows whose logits are wanted.
  torch::Tensor rows_of(const torch::Tensor& x_TD, LogitsOf wanted) const;

  // Once, after the last layer: the new tokens are cached ones now.
  void advance() const;
};

}  // namespace engine

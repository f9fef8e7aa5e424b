// batches.h: sequences packed into micro-batches: what one forward and backward pass looks at.
// take_step(stream, ...) once a step. Sequences lie one after the other and never see each other. Values.
// The loss of a batch is the sum of its targets' nats, each times its weight.
#pragma once

#include <torch/torch.h>

#include <numeric>
#include <vector>

#include "engine/layers/batch.h"
#include "engine/train/data/sequence_stream.h"
#include "engine/train/data/sequence_stream.h"

namespace engine {

struct MicroBatch {
  torch::Tensor ids_T, targets_T;  // int64; the target of a sequence's last token is kNoTarget
  std::vector<std::int64_t> counts;
  std::int64_t targets = 0, tokens = 0;  // without padding
  bool recompute = false;  // Batch::recompute
  std::vector<float> weights;  // of each target; empty: 1

  double weight() const { return weights.empty() ? double(targets) : std::accumulate(weights.begin(), weights.end(), 0.0); }

  Batch batch() const {
    Batch whole = Batch::whole(ids_T, counts);
    whole.recompute = recompute;
    return whole;
  }
};

inline constexpr std::int64_t kNoTarget = -100;

// Enough sequences for `tokens`, in micro-batches of at most `most` (or one sequence), padded to one of few lengths.
// `hole_weight`: of each token that fills a hole; all others have 1.
base::Result<std::vector<MicroBatch>> take_step(SequenceStream& stream, std::int64_t tokens, std::int64_t most, torch::Device device, double hole_weight = 1);

}  // namespace engine

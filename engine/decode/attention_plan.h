// attention_plan.h: how a pass shares out its attention: one job for a kv head, a run of tokens and a stretch of positions.
// plan() once a pass, the same for all layers; a PackedDecoder runs the jobs and merge()s what stretches of one run gave.
// Rows stand in the order [kv head][token][head of its group], so that a job's rows are contiguous. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/decode/weights.h"

namespace engine {

// So many new tokens of a sequence, or fewer, get the same logits to the bit however they are cut into passes.
constexpr std::int64_t kAlikeTokens = 16;

// One sequence's new tokens and its cache. Keys and values of layer l, kv head k start at keys[l] + k * head_stride, in the
// layout of cpu::HeadCache, with room for a multiple of 64 positions.
struct DecoderSequence {
  std::int64_t length = 0;  // cached tokens before this pass
  std::int64_t count = 0;   // new ones, at least one
  std::int64_t head_stride = 0;
  std::vector<std::uint16_t*> keys, values;
};

struct AttentionJob {
  std::int64_t sequence = 0, kv_head = 0;
  std::int64_t first = 0, rows = 0;   // of the pass's rows, kv head included
  std::int64_t begin = 0, end = 0;    // positions
  std::int64_t part = 0;              // which stretch of its run; the results of stretch 0 are the run's once merged
};

struct AttentionPlan {
  std::vector<AttentionJob> jobs;  // the stretches of a run one after the other
  std::int64_t parts = 1;          // the most stretches of a run
  std::vector<std::int64_t> seen;  // [T * group]: positions a row sees, the same for each kv head
};

// Reuses the plan's memory.
void plan(const DecoderShape& shape, const std::vector<DecoderSequence>& sequences, int threads, AttentionPlan& out);

}  // namespace engine

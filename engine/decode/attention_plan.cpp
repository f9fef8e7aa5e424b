#include "engine/decode/attention_plan.h"

#include <algorithm>

namespace engine {
namespace {

constexpr std::int64_t kFewRows = 64, kManyRows = 128;  // of a job: they share each key and value while it is in the nearest cache
constexpr std::int64_t kLeastStretch = 256;  // positions: fewer are not worth merging

// Positions of a stretch. Of a few tokens always the same, so that what a token sums up does not depend on what else is in the pass.
std::int64_t stretch_of(std::int64_t count, std::int64_t end, std::int64_t wanted, std::int64_t wanted_alone) {
  const std::int64_t whole = (end + 63) / 64 * 64;
  if (count <= kAlikeTokens) return wanted_alone == 1 ? whole : kLeastStretch;
  return std::max(kLeastStretch, ((end + wanted - 1) / wanted + 63) / 64 * 64);
}

}  // namespace

void plan(const DecoderShape& shape, const std::vector<DecoderSequence>& sequences, int threads, AttentionPlan& out) {
  std::int64_t total = 0, runs = 0;
  for (const DecoderSequence& s : sequences) total += s.count;
  const std::int64_t group = shape.heads / shape.kv_heads, rows = total * shape.heads >= kManyRows * 4 * threads ? kManyRows : kFewRows;
  const std::int64_t tokens_a_run = std::max<std::int64_t>(1, rows / group);
  for (const DecoderSequence& s : sequences) runs += (s.count + tokens_a_run - 1) / tokens_a_run * shape.kv_heads;
  out.jobs.clear();
  out.seen.clear();
  out.parts = 1;
  const std::int64_t wanted = std::max<std::int64_t>(1, 4 * threads / runs);  // stretches of a run
  const std::int64_t wanted_alone = std::max<std::int64_t>(1, 4 * threads / shape.kv_heads);
  std::int64_t at = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const DecoderSequence& s = sequences[i];
    for (std::int64_t t = 0; t < s.count; ++t) out.seen.insert(out.seen.end(), std::size_t(group), s.length + t + 1);
    for (std::int64_t head = 0; head < shape.kv_heads; ++head)
      for (std::int64_t t = 0; t < s.count; t += tokens_a_run) {
        const std::int64_t tokens = std::min(tokens_a_run, s.count - t), end = s.length + t + tokens;
        const std::int64_t stretch = stretch_of(s.count, end, wanted, wanted_alone);
        std::int64_t part = 0;
        for (std::int64_t begin = 0; begin < end; begin += stretch, ++part)
          out.jobs.push_back({std::int64_t(i), head, (head * total + at + t) * group, tokens * group, begin, std::min(end, begin + stretch), part});
        out.parts = std::max(out.parts, part);
      }
    at += s.count;
  }
}

}  // namespace engine

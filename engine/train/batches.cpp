#include "engine/train/batches.h"

namespace engine {
namespace {

// Libraries prepare a product once for each shape (oneDNN compiles it): micro-batches of any length would have them do so every time. At
// most so many lengths, then, for a sixteenth of padding at the most.
constexpr std::int64_t kGrains = 16;

struct Filling {
  std::vector<std::int64_t> ids, targets, counts;

  void add(const std::vector<tokenizer::TokenId>& sequence) {
    ids.insert(ids.end(), sequence.begin(), sequence.end());
    targets.insert(targets.end(), sequence.begin() + 1, sequence.end());
    targets.push_back(kNoTarget);
    counts.push_back(std::int64_t(sequence.size()));
  }

  MicroBatch finish(std::int64_t grain, torch::Device device) {
    const auto tensor = [&](const std::vector<std::int64_t>& values) { return torch::tensor(values, torch::kInt64).to(device); };
    const auto tokens = std::int64_t(ids.size()), targets_in_all = tokens - std::int64_t(counts.size());
    pad(grain);
    MicroBatch out{tensor(ids), tensor(targets), std::move(counts), targets_in_all, tokens};
    *this = {};
    return out;
  }

 private:
  // A sequence that nothing is learned from, up to a multiple of `grain`.
  void pad(std::int64_t grain) {
    const auto missing = (grain - std::int64_t(ids.size()) % grain) % grain;
    if (missing == 0) return;
    ids.resize(ids.size() + std::size_t(missing), 0);
    targets.resize(ids.size(), kNoTarget);
    counts.push_back(missing);
  }
};

}  // namespace

base::Result<std::vector<MicroBatch>> take_step(SequenceStream& stream, std::int64_t tokens, std::int64_t most, torch::Device device) {
  std::vector<MicroBatch> out;
  const std::int64_t grain = std::max<std::int64_t>(1, most / kGrains);
  Filling filling;
  for (std::int64_t taken = 0; taken < tokens;) {
    const auto sequence = stream.next();
    if (!sequence) return base::forward(sequence);
    if (!filling.ids.empty() && std::int64_t(filling.ids.size() + sequence->size()) > most) out.push_back(filling.finish(grain, device));
    filling.add(*sequence);
    taken += std::int64_t(sequence->size());
  }
  if (!filling.ids.empty()) out.push_back(filling.finish(grain, device));
  return out;
}

}  // namespace engine

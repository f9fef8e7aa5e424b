#include "engine/train/batches.h"

namespace engine {
namespace {

struct Filling {
  std::vector<std::int64_t> ids, targets, counts;

  void add(const std::vector<tokenizer::TokenId>& sequence) {
    ids.insert(ids.end(), sequence.begin(), sequence.end());
    targets.insert(targets.end(), sequence.begin() + 1, sequence.end());
    targets.push_back(kNoTarget);
    counts.push_back(std::int64_t(sequence.size()));
  }

  MicroBatch finish(torch::Device device) {
    const auto tensor = [&](const std::vector<std::int64_t>& values) { return torch::tensor(values, torch::kInt64).to(device); };
    const auto targets_in_all = std::int64_t(ids.size() - counts.size());
    MicroBatch out{tensor(ids), tensor(targets), std::move(counts), targets_in_all};
    *this = {};
    return out;
  }
};

}  // namespace

base::Result<std::vector<MicroBatch>> take_step(SequenceStream& stream, std::int64_t tokens, std::int64_t most, torch::Device device) {
  std::vector<MicroBatch> out;
  Filling filling;
  for (std::int64_t taken = 0; taken < tokens;) {
    const auto sequence = stream.next();
    if (!sequence) return base::forward(sequence);
    if (!filling.ids.empty() && std::int64_t(filling.ids.size() + sequence->size()) > most) out.push_back(filling.finish(device));
    filling.add(*sequence);
    taken += std::int64_t(sequence->size());
  }
  if (!filling.ids.empty()) out.push_back(filling.finish(device));
  return out;
}

}  // namespace engine

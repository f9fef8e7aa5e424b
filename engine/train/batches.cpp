#include "engine/train/batches.h"

#include <algorithm>

namespace engine {
namespace {

// Libraries prepare a product once for each shape (oneDNN compiles it): micro-batches of any length would have them do so every time. At
// most so many lengths, then, for a sixteenth of padding at the most.
constexpr std::int64_t kGrains = 16;

class Filling {
 public:
  Filling(std::int64_t grain, torch::Device device, double hole_weight) : grain_(grain), device_(device), hole_weight_(hole_weight) {}

  std::int64_t size() const { return std::int64_t(ids_.size()); }

  void add(const Example& example) {
    const std::size_t begin = ids_.size();
    ids_.insert(ids_.end(), example.ids.begin(), example.ids.end());
    targets_.insert(targets_.end(), example.ids.begin() + 1, example.ids.end());
    targets_.push_back(kNoTarget);
    counts_.push_back(std::int64_t(example.ids.size()));
    if (hole_weight_ == 1) return;
    weights_.resize(begin + example.middle - 1, 1);  // the next one's target is the hole's first id
    weights_.resize(ids_.size() - 1, float(hole_weight_));
    weights_.push_back(0);
  }

  MicroBatch finish() {
    const auto tensor = [&](const std::vector<std::int64_t>& values) { return torch::tensor(values, torch::kInt64).to(device_); };
    const std::int64_t tokens = size(), targets = tokens - std::int64_t(counts_.size());
    pad();
    if (!weights_.empty()) weights_.resize(ids_.size(), 0);
    MicroBatch out{.ids_T = tensor(ids_), .targets_T = tensor(targets_), .counts = std::move(counts_), .targets = targets, .tokens = tokens};
    out.weights = std::move(weights_);
    *this = Filling(grain_, device_, hole_weight_);
    return out;
  }

 private:
  // A sequence that nothing is learned from, up to a multiple of the grain.
  void pad() {
    const auto missing = (grain_ - size() % grain_) % grain_;
    if (missing == 0) return;
    ids_.resize(ids_.size() + std::size_t(missing), 0);
    targets_.resize(ids_.size(), kNoTarget);
    counts_.push_back(missing);
  }

  std::int64_t grain_;
  torch::Device device_;
  double hole_weight_;
  std::vector<std::int64_t> ids_, targets_, counts_;
  std::vector<float> weights_;
};

}  // namespace

base::Result<std::vector<MicroBatch>> take_step(SequenceStream& stream, std::int64_t tokens, std::int64_t most, torch::Device device, double hole_weight) {
  std::vector<MicroBatch> out;
  Filling filling(std::max<std::int64_t>(1, most / kGrains), device, hole_weight);
  for (std::int64_t taken = 0; taken < tokens;) {
    const auto sequence = stream.next();
    if (!sequence) return base::forward(sequence);
    const auto size = std::int64_t(sequence->ids.size());
    if (filling.size() > 0 && filling.size() + size > most) out.push_back(filling.finish());
    filling.add(*sequence);
    taken += size;
  }
  if (filling.size() > 0) out.push_back(filling.finish());
  return out;
}

}  // namespace engine

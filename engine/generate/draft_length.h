// draft_length.h: how many drafted tokens to verify at once, by what verifying costs here and by how often such drafts were right.
// passed() tells the time of a pass of some rows, judged() what became of a draft; best() gives the length that promises the most
// tokens a millisecond, 0: none. Kept for as long as the model is: it learns the machine, the model and what the user writes.
// A value; engine thread. Leviathan et al.: "Fast Inference from Transformers via Speculative Decoding", 2022 (arXiv 2211.17192).
#pragma once

#include <array>
#include <cstdint>

#include "engine/ngram/drafter.h"

namespace engine {

class DraftLength {
 public:
  DraftLength();

  // The share of drafted tokens that were right, given that those before them were.
  double acceptance(DraftSource source) const { return worth_[source.bucket()].right / worth_[source.bucket()].tried; }
  std::size_t best(DraftSource source, std::size_t most) const;

  void passed(std::size_t rows, double ms);
  void judged(DraftSource source, std::size_t right, bool one_was_wrong);

  double cost(std::size_t rows) const;  // ms, as far as is known

 private:
  static constexpr std::size_t kMostRows = 16;
  struct Worth {
    double right = 0, tried = 0;
  };
  std::array<Worth, DraftSource::kKinds * DraftSource::kLengths> worth_{};
  std::array<double, kMostRows + 1> ms_{};  // of a pass of so many rows; 0: not yet seen
};

}  // namespace engine

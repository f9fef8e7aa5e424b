// mix_learning.h: how far the model is to be believed and how far the workspace, learned from the workspace's own files.
// take_hole_samples() asks at one place of a document as a suggestion would be asked for: after a fine-tuning, in files held out from it.
// take_mix_samples() looks at one file: the model rates a stretch of it, the index says what it would have expected in each part of
// the stretch had that part not been written yet. MixLearner keeps the samples and fits the weights after each file.
// On the thread that uses the engine; stopped within a layer, which gives up the file.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "engine/ngram/index.h"
#include "engine/ngram/mix_fit.h"
#include "lsp/completion/model.h"
#include "lsp/completion/pipeline.h"

namespace lsp {

// `pick` chooses the file. None: it has none long enough, or it was stopped.
base::Result<std::vector<engine::MixSample>> take_mix_samples(const Model& model, const engine::NgramIndex& workspace, std::uint64_t pick, std::stop_token stop);

// Of what stood between the cursor and its line's end and is not in the query's document. `deps` as for complete(); its anchors are not used.
base::Result<std::vector<engine::MixSample>> take_hole_samples(const Query& query, std::string_view stood, const Deps& deps, std::stop_token stop);

class MixLearner {
 public:
  static constexpr std::size_t kMostFiles = 16;
  static constexpr double kMostMs = 10'000;  // of the engine's time, in all

  bool done() const { return files_ >= kMostFiles || spent_ms_ >= kMostMs; }
  // One file more; `model.mix` gets what all of them say.
  base::Result<void> learn(Model& model, const engine::NgramIndex& workspace, std::stop_token stop);

  std::size_t samples() const { return samples_.size(); }

 private:
  std::vector<engine::MixSample> samples_;
  std::size_t files_ = 0;
  double spent_ms_ = 0;
};

}  // namespace lsp

// copy_engine.h: an Engine without a neural network: it goes on as the workspace went on in the most similar place.
// generate() needs GenerateRequest::workspace; each step takes the likeliest of predict(), and ends where nothing is known.
// Keeps Engine's promises: bans, steering, end ids, the stop token. Always greedy: a temperature changes nothing. A log-probability
// is of the id among those that steering lets through, since what is typed is known. score() knows no workspace: all ids are alike.
#pragma once

#include <string>

#include "engine/engine.h"
#include "engine/ngram/predict.h"

namespace engine {

class CopyEngine final : public Engine {
 public:
  explicit CopyEngine(std::int64_t vocab_size, BlendWeights weights = {});

  const ModelInfo& info() const override { return info_; }
  base::Result<Generation> generate(const GenerateRequest& request, const OnToken& on_token, std::stop_token stop) override;
  base::Result<std::vector<float>> score(std::span<const TokenId> ids, std::stop_token stop, const OnLogits& on_logits) override;

 private:
  struct Options {
    std::vector<TokenChance> chances;
    float ends = 0, before = 0, after = 0;  // of the document's end; of all there is; of what bans and steering let through
  };
  Options options(const GenerateRequest& request, std::span<const TokenId> text, std::span<const TokenId> so_far, std::size_t samples);
  void look_ahead(const GenerateRequest& request, std::span<const TokenId> text, std::span<const TokenId> so_far, Options& options);
  float fitting_share(const GenerateRequest& request, std::span<const TokenId> so_far);
  GeneratedToken next(const GenerateRequest& request, std::span<const TokenId> text, std::span<const TokenId> so_far);

  ModelInfo info_;
  BlendWeights weights_;
  std::vector<float> logits_;  // kept between calls for its memory
};

}  // namespace engine

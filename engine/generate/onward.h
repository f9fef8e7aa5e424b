// onward.h: how well an answer fits before the text that stands behind it: how likely the model, reading on, holds that text.
// A prompt shows the text behind the cursor too, but a small model makes little of what stands far before its answer; read on from
// the answer, the same model knows whether the next line can come. rate() each complete answer (GenerateRequest::onward).
// By Bayes' rule p(answer | before, after) is as p(answer | before) p(after | before, answer): the noisy channel, as Yee, Dauphin and
// Auli 2019 (arXiv 1908.05731) rank translations. bench/results.md has what it is worth.
// The session is one that rated before, or an empty one: what the texts share is computed once. Throws what libtorch throws. Engine thread.
#pragma once

#include <optional>
#include <stop_token>

#include "engine/cache/session_pool.h"
#include "engine/engine.h"
#include "engine/models/model.h"

namespace engine {

class OnwardRating {
 public:
  OnwardRating(Model& model, Session& session, torch::Device device, std::size_t context, std::span<const TokenId> before);

  // ln of the probability of the counted ids, 0 of none, -infinity where the context does not hold the text; nullopt where it was stopped.
  std::optional<double> rate(const Onward& onward, const std::stop_token& stop);

 private:
  Model& model_;
  Session& session_;
  torch::Device device_;
  std::size_t context_;
  std::vector<TokenId> before_;  // its last tokens
};

}  // namespace engine

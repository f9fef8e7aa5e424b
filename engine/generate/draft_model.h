// draft_model.h: a second, smaller model of the same vocabulary that guesses what the first will choose.
// begin() for each generation, wrote() for each token of it, next() for a guess; how many of them are worth it is draft_length.h's to say.
// It keeps sessions of its own (keys and values of recent texts) and reads only what it has not read: nothing before the first guess
// is asked for. A stop leaves it between two layers with its session in step. Engine thread; throws what libtorch throws.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/cache/session_pool.h"
#include "engine/engine.h"
#include "engine/generate/chunk_size.h"
#include "engine/generate/draft_length.h"
#include "engine/models/model.h"

namespace engine {

using Milliseconds = std::function<double()>;  // a clock's

struct DraftModelParts {
  std::unique_ptr<Model> model;
  torch::Device device;
  torch::Dtype dtype;       // of keys and values
  std::int64_t context;     // tokens
  ChunkSize chunks;
  std::int64_t session_bytes;  // that keys and values may take in all
};

class DraftModel {
 public:
  explicit DraftModel(DraftModelParts parts);

  void begin(std::span<const TokenId> prompt);
  void wrote(TokenId id);
  std::size_t room() const;    // tokens it can draft behind the text: of its context, and 0 where the text has ids it does not know
  std::size_t behind() const;  // tokens of the text, but the last, that it has not read

  struct Guess {
    TokenId id = 0;
    double probability = 0;
  };
  // What it would write behind the text and these tokens, greedily; tells `length` what that took. nullopt: `stop` fired.
  std::optional<Guess> next(std::span<const TokenId> drafted, DraftLength& length, const Milliseconds& now, const std::stop_token& stop);

  void forget();  // every session: after an error they may be out of step

 private:
  DraftModelParts parts_;
  SessionPool sessions_;
  Session* session_ = nullptr;  // this generation's, once it is needed
  std::vector<TokenId> text_;
  bool knows_all_ = true;       // the text's ids
};

}  // namespace engine

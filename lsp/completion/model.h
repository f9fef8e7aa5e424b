// model.h: the three parts of a loaded model that the completion pipeline works with.
// app/load.cpp makes one; the engine thread owns it. `engine` is used by one thread at a time, the others are immutable.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "engine/config/model_notes.h"
#include "engine/engine.h"
#include "engine/ngram/mixer.h"
#include "tokenizer/fim.h"
#include "tokenizer/incremental.h"
#include "tokenizer/tokenizer.h"

namespace lsp {

class VocabularyIndex;

struct Model {
  std::string name;  // for people: "SmolLM2-135M-Instruct.Q4_1"
  std::unique_ptr<engine::Engine> engine;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;  // shared with the index, which speaks its ids
  std::optional<tokenizer::FimLayout> fim;
  engine::MixWeights mix;  // how far the workspace is believed beside it: learned in idle time (mix_learning.h), or noted
  std::optional<engine::NotedMixing> own_mixing;    // noted beside its weights
  std::optional<engine::NotedMixing> noted_mixing;  // these or the adapter's

  // Engine::use_adapter(), and what is noted beside the adapter. After an error all is as it was.
  base::Result<void> use_adapter(const std::filesystem::path& folder);
  // Whether the code of one of these folders is what it learned: `mix` is what was noted then, and nothing is to be learned from files
  // that it was trained on.
  bool use_noted_mixing(std::span<const std::filesystem::path> folders);

  // The vocabulary by its bytes, for steering: built at its first use (some 10 ms), so that a loader may call it early.
  // Not before the fields above are set; by one thread at a time.
  const VocabularyIndex& index() const;

  // Encodes what was encoded before but for an edit; on the thread that uses the engine.
  tokenizer::IncrementalEncoder& encoder() const;

  mutable std::shared_ptr<const VocabularyIndex> built_index;  // index() keeps it here
  mutable std::shared_ptr<tokenizer::IncrementalEncoder> built_encoder;
};

// How the server gets its model without knowing where models live. Called on the engine thread.
using ModelLoader =
    std::function<base::Result<std::unique_ptr<Model>>(const std::function<void(double fraction)>& progress, std::stop_token stop)>;

// How the server has a smaller model draft for the one at work (Engine::use_draft); on the engine thread.
using DraftUser = std::function<base::Result<void>(Model& model, const std::string& name, std::stop_token stop)>;

}  // namespace lsp

// drafter.h: guesses at what comes next, copied from where the same tokens stood before: drafts that a model then verifies in one pass.
// propose() at each step of a generation: the longest match of the text's end within the prompt and what was written since, and
// within the workspace (which holds the open document). A draft says how it was found, so that its worth can be learned.
// Pure but for its memory; one generation's, one thread.
// Saxena: "Prompt Lookup Decoding", 2023; He et al.: "REST: Retrieval-Based Speculative Decoding", 2023 (arXiv 2311.08252).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/ngram/index.h"

namespace engine {

// How a draft was found.
struct DraftSource {
  // Disputed: the workspace went on in several ways, this the most frequent. Model: a draft model wrote it (generate/draft_model.h).
  enum class Kind { Prompt, Workspace, Disputed, Model };
  static constexpr std::size_t kKinds = 4, kLengths = 6;

  Kind kind = Kind::Prompt;
  std::uint32_t length = 0;  // tokens that match, 0: nothing was found; of a model: how sure it was, 1 to 5, 0: any

  static DraftSource of_model(double probability);  // by what it gave the token
  std::size_t bucket() const;  // below kKinds * kLengths: sources that are worth about as much
};

struct Draft {
  DraftSource source;
  std::vector<TokenId> ids;
  std::vector<DraftSource> each{};  // of a model: how sure it was of each id
};

class Drafter {
 public:
  // `prompt`: what the model was given. `text`: what stands before the first token as plain text, where the prompt is arranged
  // otherwise; empty: the prompt. `workspace` may be null. All ids are below `vocab_size`.
  Drafter(std::span<const TokenId> prompt, std::span<const TokenId> text, std::shared_ptr<const NgramIndex> workspace, std::int64_t vocab_size);

  void wrote(TokenId id) { text_.push_back(id); }

  // Where the text's end was seen before: in the prompt, and in the workspace. Length 0 where it was not.
  struct Found {
    DraftSource source;
    std::span<const TokenId> follows;  // in the prompt or the text: what stood there
  };
  Found in_prompt() const;
  DraftSource in_workspace();

  // At most `most` tokens of what followed. Ends early where nothing is known any more.
  void draft(const Found& found, std::size_t most, Draft& out) const;
  void draft_from_workspace(DraftSource source, std::size_t most, Draft& out);

 private:
  std::vector<TokenId> prompt_;  // where it is not the text itself
  std::vector<TokenId> text_;    // with what was written
  std::shared_ptr<const NgramIndex> workspace_;
  std::int64_t vocab_size_;
};

}  // namespace engine

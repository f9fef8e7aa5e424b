// nearby_text.h: what a suggestion may be copied from: the workspace's index, and the open document around the cursor as it is now.
// pool() once a request: the index without the document's older version, and with its lines above and below the cursor's,
// told what stands behind the cursor.
// The cursor's own line is in neither. Keeps what it made of the last document, so that typing on a line costs nothing.
// Belongs to the engine thread (or to one command); the tokenizer is the model's.
#pragma once

#include <memory>
#include <string>

#include "engine/ngram/index.h"
#include "lsp/completion/pipeline.h"
#include "lsp/context/surroundings.h"
#include "tokenizer/tokenizer.h"

namespace lsp {

class NearbyText {
 public:
  std::shared_ptr<const engine::NgramIndex> pool(const engine::NgramIndex& workspace, const Query& query, const Surroundings& around,
                                                 const tokenizer::Tokenizer& tokenizer);

 private:
  struct Piece {
    std::string text;
    std::shared_ptr<const engine::Segment> segment;  // null: no text
  };
  void renew(Piece& piece, std::string_view text, engine::DocumentKey key, const tokenizer::Tokenizer& tokenizer);

  void renew_above(std::string_view text, const tokenizer::Tokenizer& tokenizer);

  const tokenizer::Tokenizer* tokenizer_ = nullptr;
  Piece above_, since_, below_;  // since_: written below above_'s lines
};

}  // namespace lsp

// other_start.h: a further answer to the same prompt, made to begin otherwise than those before it.
// forbid() what an earlier answer began with, by opening(); steer() then keeps every spelling of that beginning from being
// written again. The prompt stays the same, so its keys and values are computed once.
// Pure; an OtherStart is used by the generations of one request.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "lsp/completion/vocabulary_index.h"

namespace lsp {

// The bytes of an answer up to and with its first token that writes something besides blanks after the `owed` bytes; empty where
// there is none.
std::string opening(std::span<const tokenizer::TokenId> ids, std::size_t owed, const tokenizer::Tokenizer& tokenizer);

class OtherStart {
 public:
  OtherStart(const tokenizer::Tokenizer& tokenizer, const VocabularyIndex& index) : tokenizer_(tokenizer), index_(index) {}

  void forbid(std::string start) { starts_.push_back(std::move(start)); }
  bool empty() const { return starts_.empty(); }
  // For GenerateRequest::steer: tokens that would complete a forbidden start become -infinity; where nothing is left, the text ends.
  void steer(std::span<const tokenizer::TokenId> so_far, std::span<float> logits) const;

 private:
  const tokenizer::Tokenizer& tokenizer_;
  const VocabularyIndex& index_;
  std::vector<std::string> starts_;
};

}  // namespace lsp

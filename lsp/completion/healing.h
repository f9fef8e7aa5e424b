// healing.h: token healing: a prompt that ends in half a word is cut back, and the model is made to write that half itself.
// cut_back() takes the last tokens off a prompt; ByteConstraint then steers: only tokens that agree with the bytes owed.
// Without it "retu" is one token the model never saw before "rn". Pure; ByteConstraint is used by one generation.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/completion/vocabulary_index.h"

namespace lsp {

// Removes the longest run of last tokens whose bytes some longer token starts with, at most a few, never the first `keep`.
// Returns the bytes removed: the end of `text`, at a character's start.
std::string cut_back(std::vector<tokenizer::TokenId>& ids, std::size_t keep, std::string_view text,
                     const tokenizer::Tokenizer& tokenizer, const VocabularyIndex& index);

// The generated text must start with `owed`; once it does, anything goes.
class ByteConstraint {
 public:
  ByteConstraint(std::string owed, const tokenizer::Tokenizer& tokenizer, const VocabularyIndex& index)
      : owed_(std::move(owed)), tokenizer_(tokenizer), index_(index) {}

  bool empty() const { return owed_.empty(); }
  // For GenerateRequest::steer: all logits but those of fitting tokens become -infinity; of those that pay a part of the bytes only,
  // less by how seldom the rest follows.
  void steer(std::span<const tokenizer::TokenId> so_far, std::span<float> logits);

 private:
  float chance_of_rest(std::string_view left, std::string_view token);

  std::string owed_;
  const tokenizer::Tokenizer& tokenizer_;
  const VocabularyIndex& index_;
  std::vector<tokenizer::TokenId> fitting_, going_on_;  // kept between calls for their memory
  std::vector<float> kept_;
};

}  // namespace lsp

// vocabulary_index.h: a vocabulary sorted by the bytes its tokens stand for, and the ids that must never be written.
// Built once a model (Model::index()); tokens_for() and tokens_from() answer which tokens fit bytes that are to be written.
// Immutable; any thread. The tokenizer must outlive it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "tokenizer/fim.h"
#include "tokenizer/tokenizer.h"

namespace lsp {

class VocabularyIndex {
 public:
  // `model_vocab_size`: the ids the engine can choose; those the tokenizer does not know are banned.
  VocabularyIndex(const tokenizer::Tokenizer& tokenizer, const tokenizer::FimLayout* fim, std::size_t model_vocab_size);

  // Adds every token whose bytes are a prefix of `bytes` (all of it included), and every longer token that starts with it.
  void tokens_for(std::string_view bytes, std::vector<tokenizer::TokenId>& ids) const;

  // Only the tokens that start with `bytes`, those that are just these bytes included.
  void tokens_from(std::string_view bytes, std::vector<tokenizer::TokenId>& ids) const;

  // Whether some token starts with `bytes` and is longer.
  bool extends(std::string_view bytes) const;

  std::size_t size() const { return entries_.size(); }
  std::size_t longest() const { return longest_; }

  // Ids that end a text, and ids that are neither text nor an end: control tokens, holes, markers.
  const std::vector<tokenizer::TokenId>& end_ids() const { return end_ids_; }
  const std::vector<tokenizer::TokenId>& banned_ids() const { return banned_ids_; }

 private:
  struct Entry {
    std::string_view bytes;
    tokenizer::TokenId id;
  };
  std::vector<Entry>::const_iterator first_not_before(std::string_view bytes) const;

  std::vector<Entry> entries_;  // by bytes, then id
  std::vector<tokenizer::TokenId> end_ids_, banned_ids_;
  std::size_t longest_ = 0;
};

}  // namespace lsp

// words.h: one word after the other to ids, by BPE or by Unigram; a word seen before is copied.
// Make one a call of encode(); encode() each piece of the text, in order, into the same list of ids.
// Belongs to one call; the models and the words must outlive it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/bpe_model.h"
#include "tokenizer/unigram.h"

namespace tokenizer {

// How a vocabulary makes ids of words. With `unigram`, BpeModel says only what stands for bytes and for the unknown.
struct WordModel {
  BpeModel bpe;
  std::optional<UnigramModel> unigram;
};

class Words {
 public:
  // `text_size`: of the whole text, for how much to remember.
  Words(const WordModel& model, const Vocabulary& vocabulary, std::size_t text_size);

  void encode(std::string_view word, std::vector<TokenId>& out);
  // Ids of bytes that are not text: ill-formed UTF-8, or a "▁" that is no space.
  void encode_bytes(std::string_view bytes, std::vector<TokenId>& out);

 private:
  struct Seen {
    std::string_view word;
    std::size_t begin = 0, count = 0;  // its ids in `out`
  };
  void encode_new(std::string_view word, std::vector<TokenId>& out);
  void encode_bpe(std::string_view word, std::vector<TokenId>& out);
  void encode_unigram(std::string_view word, std::vector<TokenId>& out);
  void start_from_bytes(std::string_view word);
  void start_from_characters(std::string_view word);
  void push_known(TokenId id);
  void push_unknown();
  void flush_unknown();

  const WordModel& model_;
  const BpeModel& bpe_;
  const Vocabulary& vocabulary_;
  Merger merger_;
  std::optional<UnigramWords> unigram_;
  std::vector<TokenId> symbols_;
  bool unknown_waits_ = false;
  std::vector<Seen> seen_;  // by hash; a newer word replaces an older one
};

}  // namespace tokenizer

// bpe_model.h: a BPE vocabulary's rules, and BpeWords, which turns one word after the other into ids.
// Byte-level models (GPT-2's kind) start from bytes; the others start from characters and fall back to byte tokens.
// BpeModel is immutable after loading; a BpeWords remembers the words of one text and belongs to one call.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/bpe.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/vocabulary.h"

namespace tokenizer {

struct BpeModel {
  MergeTable merges;
  bool byte_level = false;
  bool ignore_merges = false;   // a word that is a token is that token, whatever the merges say
  bool fuse_unknown = false;    // a run of unknown characters is one unknown token
  std::optional<TokenId> unknown;
  std::array<TokenId, 256> bytes;  // the token of each byte, -1 where there is none
  // Characters that are no token but part of some: ids past the vocabulary, which may be merged away (SentencePiece).
  std::unordered_map<std::string, TokenId> part_characters;
  // Some merge joins a character and a "▁" after it; then a text may not be cut before each "▁".
  bool merges_across_metaspace = false;

  BpeModel() { bytes.fill(-1); }
  bool has_every_byte() const;
  // Finds the token of each byte: "Ġ" in a byte-level vocabulary, "<0x20>" in others.
  void find_bytes(const Vocabulary& vocabulary);
  // Ignored where it would make a control token: user text must never become one.
  void add_merge(const Vocabulary& vocabulary, TokenId left, TokenId right, Merge merge);
  // For ignore_merges in a byte-level vocabulary, whose words are bytes and not spellings.
  void index_words(const Vocabulary& vocabulary);
  std::optional<TokenId> find_word(const Vocabulary& vocabulary, std::string_view word) const;

 private:
  StringIndex words_;
};

class BpeWords {
 public:
  // `text_size`: of the whole text, for how much to remember. Words must outlive the object.
  BpeWords(const BpeModel& model, const Vocabulary& vocabulary, std::size_t text_size);

  void encode(std::string_view word, std::vector<TokenId>& out);
  // Ids of bytes that are not text: ill-formed UTF-8, or a "▁" that is no space.
  void encode_bytes(std::string_view bytes, std::vector<TokenId>& out);

 private:
  struct Seen {
    std::string_view word;
    std::size_t begin = 0, count = 0;  // its ids in `out`
  };
  void encode_new(std::string_view word, std::vector<TokenId>& out);
  void start_from_bytes(std::string_view word);
  void start_from_characters(std::string_view word);
  void push_unknown();

  const BpeModel& model_;
  const Vocabulary& vocabulary_;
  Merger merger_;
  std::vector<TokenId> symbols_;
  std::unordered_map<TokenId, std::string> part_text_;
  std::vector<Seen> seen_;  // by hash; a newer word replaces an older one
};

}  // namespace tokenizer

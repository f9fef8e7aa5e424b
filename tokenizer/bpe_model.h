// bpe_model.h: a BPE vocabulary's rules: its merges, and what stands for bytes and for what it does not know.
// Byte-level models (GPT-2's kind) start from bytes; the others start from characters and fall back to byte tokens.
// Readers fill it; Words (words.h) encodes with it. Immutable after loading.
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
  std::unordered_map<TokenId, std::string> part_text;  // the same, read backwards
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
  // The id past the vocabulary of a character that is part of some token.
  TokenId add_part(const Vocabulary& vocabulary, std::string_view character);
  std::optional<TokenId> find_word(const Vocabulary& vocabulary, std::string_view word) const;

 private:
  StringIndex words_;
};

}  // namespace tokenizer

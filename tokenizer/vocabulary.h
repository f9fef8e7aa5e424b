// vocabulary.h: the tokens of a model: how the file spells each, the bytes it stands for, and what kind it is.
// A loader set()s every id, then calls mark_markers(); VocabularyTokenizer answers Tokenizer's questions from it.
// Views live as long as the vocabulary and are valid once the last set() is done. Immutable afterwards.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/string_index.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

// No model comes near this; a larger id is a broken file, not a reason to allocate.
constexpr std::int64_t kMostTokens = std::int64_t{1} << 22;

class Vocabulary {
 public:
  // Fails where the id is out of range, taken by other content, or the content has another id.
  base::Result<void> set(std::int64_t id, std::string_view content, std::string_view bytes, TokenKind kind);
  void set_kind(TokenId id, TokenKind kind) { tokens_[static_cast<std::size_t>(id)].kind = kind; }

  std::size_t size() const { return tokens_.size(); }
  bool has(TokenId id) const { return id >= 0 && static_cast<std::size_t>(id) < tokens_.size(); }
  std::string_view content(TokenId id) const { return view(&Token::content, id); }
  std::string_view bytes(TokenId id) const { return view(&Token::bytes, id); }
  TokenKind kind(TokenId id) const { return has(id) ? tokens_[static_cast<std::size_t>(id)].kind : TokenKind::Unused; }
  std::optional<TokenId> find(std::string_view content) const;

  // Marker tokens of fill-in-the-middle and chat that the file calls ordinary become Control: Qwen2.5-Coder's
  // tokenizer.json says "special": false of <|fim_prefix|>, and user text must never become one.
  void mark_markers();

 private:
  struct Range {
    std::uint32_t offset = 0, length = 0;
  };
  struct Token {
    Range content, bytes;
    TokenKind kind = TokenKind::Unused;
    bool taken = false;
  };
  std::string_view view(Range Token::* part, TokenId id) const;
  Range store(std::string_view text);

  std::string text_;  // every string, one after the other
  std::vector<Token> tokens_;
  StringIndex by_content_;
};

struct SpecialIds {
  std::optional<TokenId> bos;
  std::vector<TokenId> ends;
  std::vector<TokenId> begin;  // what a prompt starts with
};

// Adds the tokens that end a text in every vocabulary that has them (<|endoftext|>, <|im_end|>, ...), and drops repeats.
void add_known_ends(const Vocabulary& vocabulary, SpecialIds& special);

// The part of Tokenizer that is the same for every vocabulary read from a file.
class VocabularyTokenizer : public Tokenizer {
 public:
  VocabularyTokenizer(Vocabulary vocabulary, SpecialIds special)
      : vocabulary_(std::move(vocabulary)), special_(std::move(special)) {}

  using Tokenizer::encode;
  std::string_view bytes(TokenId id) const override { return vocabulary_.bytes(id); }
  TokenKind kind(TokenId id) const override { return vocabulary_.kind(id); }
  std::size_t vocab_size() const override { return vocabulary_.size(); }
  std::optional<TokenId> find(std::string_view content) const override { return vocabulary_.find(content); }
  std::optional<TokenId> bos() const override { return special_.bos; }
  std::span<const TokenId> end_ids() const override { return special_.ends; }
  std::span<const TokenId> begin_ids() const override { return special_.begin; }

 protected:
  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
  SpecialIds special_;
};

}  // namespace tokenizer

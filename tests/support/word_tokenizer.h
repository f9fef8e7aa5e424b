// word_tokenizer.h: a vocabulary given as a list of words, for tests of what works on tokens: the longest that fits is taken.
// Words that start with "<|" are control tokens, the first word ends a text. Immutable.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tests {

class WordTokenizer : public tokenizer::Tokenizer {
 public:
  explicit WordTokenizer(std::vector<std::string> words) : words_(std::move(words)) {}
  std::vector<tokenizer::TokenId> encode(std::string_view text, tokenizer::EncodeOptions) const override {
    std::vector<tokenizer::TokenId> ids;
    while (!text.empty()) {
      tokenizer::TokenId best = -1;
      for (std::size_t i = 0; i < words_.size(); ++i)
        if (text.starts_with(words_[i]) && (best < 0 || words_[i].size() > words_[std::size_t(best)].size())) best = tokenizer::TokenId(i);
      if (best < 0) return {};
      ids.push_back(best);
      text.remove_prefix(words_[std::size_t(best)].size());
    }
    return ids;
  }
  std::string_view bytes(tokenizer::TokenId id) const override { return words_[std::size_t(id)]; }
  tokenizer::TokenKind kind(tokenizer::TokenId id) const override {
    return words_[std::size_t(id)].starts_with("<|") ? tokenizer::TokenKind::Control : tokenizer::TokenKind::Normal;
  }
  std::size_t vocab_size() const override { return words_.size(); }
  std::optional<tokenizer::TokenId> find(std::string_view content) const override {
    const auto at = std::find(words_.begin(), words_.end(), content);
    return at == words_.end() ? std::nullopt : std::optional(tokenizer::TokenId(at - words_.begin()));
  }
  std::optional<tokenizer::TokenId> bos() const override { return std::nullopt; }
  std::span<const tokenizer::TokenId> end_ids() const override { return {&end_, 1}; }
  std::span<const tokenizer::TokenId> begin_ids() const override { return {}; }

 private:
  std::vector<std::string> words_;
  tokenizer::TokenId end_ = 0;
};

}  // namespace tests

#include "lsp/completion/healing.h"

#include <algorithm>
#include <limits>
#include <map>

#include "support/catch.h"

using tokenizer::TokenId;
using tokenizer::TokenKind;

namespace {

// A vocabulary given as a list of words; the longest that fits is taken, from left to right.
class WordTokenizer : public tokenizer::Tokenizer {
 public:
  explicit WordTokenizer(std::vector<std::string> words) : words_(std::move(words)) {}
  std::vector<TokenId> encode(std::string_view text, tokenizer::EncodeOptions) const override {
    std::vector<TokenId> ids;
    while (!text.empty()) {
      TokenId best = -1;
      for (std::size_t i = 0; i < words_.size(); ++i)
        if (text.starts_with(words_[i]) && (best < 0 || words_[i].size() > words_[std::size_t(best)].size())) best = TokenId(i);
      if (best < 0) return {};
      ids.push_back(best);
      text.remove_prefix(words_[std::size_t(best)].size());
    }
    return ids;
  }
  std::string_view bytes(TokenId id) const override { return words_[std::size_t(id)]; }
  TokenKind kind(TokenId id) const override { return words_[std::size_t(id)].starts_with("<|") ? TokenKind::Control : TokenKind::Normal; }
  std::size_t vocab_size() const override { return words_.size(); }
  std::optional<TokenId> find(std::string_view content) const override {
    const auto at = std::find(words_.begin(), words_.end(), content);
    return at == words_.end() ? std::nullopt : std::optional(TokenId(at - words_.begin()));
  }
  std::optional<TokenId> bos() const override { return std::nullopt; }
  std::span<const TokenId> end_ids() const override { return {&end_, 1}; }
  std::span<const tokenizer::TokenId> begin_ids() const override { return {}; }

 private:
  std::vector<std::string> words_;
  TokenId end_ = 0;
};

const std::vector<std::string> kWords = {"<|end|>", "<|pad|>", "re", "t", "u", "retu", "return", " ", "  ", "    ", " x", "\n", "foo", "_", "_ba", "_bar",
                                         "b", "a", "r", "\xC3", "\xA9", "\xC3\xA9t"};

std::string cut(std::string_view text, std::size_t keep = 0) {
  const WordTokenizer tokenizer(kWords);
  const lsp::VocabularyIndex index(tokenizer, nullptr, kWords.size());
  auto ids = tokenizer.encode(text, {});
  REQUIRE((text.empty() || !ids.empty()));
  const std::string owed = cut_back(ids, keep, text, tokenizer, index);
  return tokenizer.decode(ids) + "|" + owed;
}

// The tokens a constraint lets through, in the order of the vocabulary.
std::string allowed(std::string owed, std::string_view so_far) {
  const WordTokenizer tokenizer(kWords);
  const lsp::VocabularyIndex index(tokenizer, nullptr, kWords.size());
  lsp::ByteConstraint constraint(std::move(owed), tokenizer, index);
  std::vector<float> logits(kWords.size(), 1.5f);
  constraint.steer(tokenizer.encode(so_far, {}), logits);
  std::string out;
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (logits[i] == 1.5f) out += "[" + kWords[i] + "]";
  return out;
}

}  // namespace

TEST_CASE("the last tokens are cut back where a longer token begins with them") {
  CHECK(cut("foo retu") == "foo |retu");
  CHECK(cut("foo re") == "foo |re");
  CHECK(cut("foo return") == "foo return|");
  CHECK(cut("foo_b") == "foo|_b");
  CHECK(cut("foo_bar") == "foo_bar|");
  CHECK(cut("foo ") == "foo| ");
  CHECK(cut("a\n   ") == "a\n|   ");
  CHECK(cut("") == "|");
}

TEST_CASE("the first ids are kept, and no character is cut in two") {
  CHECK(cut("retu", 1) == "retu|");
  CHECK(cut("aretu", 1) == "a|retu");
  CHECK(cut("a\xC3\xA9") == "a|\xC3\xA9");
}

TEST_CASE("a constraint lets through the tokens that spell what is owed, and those that go on from it") {
  CHECK(allowed("retu", "") == "[re][retu][return][r]");
  CHECK(allowed("retu", "re") == "[t]");
  CHECK(allowed("retu", "ret") == "[u]");
  CHECK(allowed(" ", "") == "[ ][  ][    ][ x]");
  CHECK(allowed("_b", "_") == "[b]");
  CHECK(allowed("a", "a").find("[<|end|>]") != std::string::npos);  // nothing owed any more: all as before
}

TEST_CASE("ids that end, ids that are banned") {
  const WordTokenizer tokenizer(kWords);
  const lsp::VocabularyIndex index(tokenizer, nullptr, kWords.size() + 2);
  CHECK(index.end_ids() == std::vector<TokenId>{0});
  const TokenId size = TokenId(kWords.size());
  CHECK(index.banned_ids() == std::vector<TokenId>{1, size, size + 1});
  CHECK(index.extends("retu"));
  CHECK_FALSE(index.extends("return"));
  CHECK_FALSE(index.extends("<|"));
}

#include "lsp/completion/healing.h"

#include <algorithm>
#include <limits>
#include <map>

#include "support/catch.h"
#include "support/word_tokenizer.h"

using tokenizer::TokenId;

namespace {

const std::vector<std::string> kWords = {"<|end|>", "<|pad|>", "re", "t", "u", "retu", "return", " ", "  ", "    ", " x", "\n", "foo", "_", "_ba", "_bar",
                                         "b", "a", "r", "\xC3", "\xA9", "\xC3\xA9t"};

std::string cut(std::string_view text, std::size_t keep = 0) {
  const tests::WordTokenizer tokenizer(kWords);
  const lsp::VocabularyIndex index(tokenizer, nullptr, kWords.size());
  auto ids = tokenizer.encode(text, {});
  REQUIRE((text.empty() || !ids.empty()));
  const std::string owed = cut_back(ids, keep, text, tokenizer, index);
  return tokenizer.decode(ids) + "|" + owed;
}

// The tokens a constraint lets through, in the order of the vocabulary.
std::string allowed(std::string owed, std::string_view so_far) {
  const tests::WordTokenizer tokenizer(kWords);
  const lsp::VocabularyIndex index(tokenizer, nullptr, kWords.size());
  lsp::ByteConstraint constraint(std::move(owed), tokenizer, index);
  std::vector<float> logits(kWords.size(), 1.5f);
  constraint.steer(tokenizer.encode(so_far, {}), logits);
  std::string out;
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (logits[i] > -std::numeric_limits<float>::infinity()) out += "[" + kWords[i] + "]";
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

TEST_CASE("a token that pays a part only is less likely by how seldom the rest follows") {
  const tests::WordTokenizer tokenizer(kWords);
  const lsp::VocabularyIndex index(tokenizer, nullptr, kWords.size());
  lsp::ByteConstraint constraint("retu", tokenizer, index);
  std::vector<float> logits(kWords.size(), 1.5f);
  constraint.steer({}, logits);
  const auto logit = [&](std::string_view word) { return logits[std::size_t(std::ranges::find(kWords, word) - kWords.begin())]; };
  CHECK(logit("retu") == 1.5f);
  CHECK(logit("return") == 1.5f);
  CHECK(logit("re") < 0);            // only "t" goes on with it
  CHECK(logit("re") > logit("r"));   // nothing spells "etu"
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
  const tests::WordTokenizer tokenizer(kWords);
  const lsp::VocabularyIndex index(tokenizer, nullptr, kWords.size() + 2);
  CHECK(index.end_ids() == std::vector<TokenId>{0});
  const TokenId size = TokenId(kWords.size());
  CHECK(index.banned_ids() == std::vector<TokenId>{1, size, size + 1});
  CHECK(index.extends("retu"));
  CHECK_FALSE(index.extends("return"));
  CHECK_FALSE(index.extends("<|"));
}

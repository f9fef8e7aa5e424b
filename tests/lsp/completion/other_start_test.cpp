#include "lsp/completion/other_start.h"

#include <algorithm>
#include <limits>

#include "support/catch.h"
#include "support/word_tokenizer.h"

using tokenizer::TokenId;

namespace {

const std::vector<std::string> kWords = {"<|end|>", "c", "co", "com", "computer", "compute", "m", "pute", "x", " ", "\n", "o", "com("};

std::vector<TokenId> ids_of(const std::vector<std::string>& words) {
  std::vector<TokenId> ids;
  for (const auto& word : words) ids.push_back(TokenId(std::find(kWords.begin(), kWords.end(), word) - kWords.begin()));
  return ids;
}

// What may be written after `so_far`, in the order of the vocabulary.
std::string allowed(const std::vector<std::string>& forbidden, const std::vector<std::string>& so_far, std::vector<float> logits = {}) {
  const tests::WordTokenizer tokenizer(kWords);
  const lsp::VocabularyIndex index(tokenizer, nullptr, kWords.size());
  lsp::OtherStart others(tokenizer, index);
  for (const auto& start : forbidden) others.forbid(start);
  if (logits.empty()) logits.assign(kWords.size(), 1);
  others.steer(ids_of(so_far), logits);
  std::string out;
  for (std::size_t i = 0; i < kWords.size(); ++i)
    if (logits[i] != -std::numeric_limits<float>::infinity()) out += (out.empty() ? "" : "|") + kWords[i];
  return out == "<|end|>|c|co|com|computer|compute|m|pute|x| |\n|o|com(" ? "all" : out;
}

std::string opening(const std::vector<std::string>& words, std::size_t owed) {
  return lsp::opening(ids_of(words), owed, tests::WordTokenizer(kWords));
}

}  // namespace

TEST_CASE("an answer begins with its first token that is more than the bytes owed and more than blanks") {
  CHECK(opening({"compute", "x"}, 0) == "compute");
  CHECK(opening({"c", "o", "m", "pute"}, 2) == "com");
  CHECK(opening({"c", "computer"}, 2) == "ccomputer");
  CHECK(opening({" ", "\n", "x", "c"}, 0) == " \nx");
  CHECK(opening({" ", "\n"}, 0).empty());
  CHECK(opening({"co"}, 2).empty());
  CHECK(opening({}, 0).empty());
}

TEST_CASE("no spelling of a forbidden start is written") {
  CHECK(allowed({}, {}) == "all");
  CHECK(allowed({"compute"}, {}) == "<|end|>|c|co|com|m|pute|x| |\n|o|com(");
  CHECK(allowed({"compute"}, {"com"}) == "<|end|>|c|co|com|computer|compute|m|x| |\n|o|com(");
  CHECK(allowed({"compute"}, {"c", "o", "m"}) == allowed({"compute"}, {"com"}));
  CHECK(allowed({"compute"}, {"com("}) == "all");
  CHECK(allowed({"compute"}, {"x"}) == "all");
  CHECK(allowed({"com", "x"}, {}) == "<|end|>|c|co|m|pute| |\n|o");
  CHECK(allowed({"com", "x"}, {"co"}) == "<|end|>|c|co|com|computer|compute|pute|x| |\n|o|com(");
}

TEST_CASE("where nothing else fits the text ends") {
  std::vector<float> logits(kWords.size(), -std::numeric_limits<float>::infinity());
  logits[8] = 3;  // bytes owed leave only "x"
  CHECK(allowed({"x"}, {}, logits) == "<|end|>");
}

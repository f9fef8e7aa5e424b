// unigram.h: the Unigram model: of all ways to cut a word into tokens, the one whose scores sum highest.
// Fill a UnigramModel at load; UnigramWords finds the best path of one word after the other (Viterbi over a trie).
// UnigramModel is immutable after finish(); a UnigramWords holds scratch memory and belongs to one call.
// Source: Kudo 2018, arXiv 1804.10959; unknown characters and ties as in the `tokenizers` library.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/trie.h"
#include "tokenizer/vocabulary.h"

namespace tokenizer {

struct UnigramModel {
  std::vector<double> scores;      // one an id
  std::optional<TokenId> unknown;  // characters that no token begins with
  double unknown_score = 0;        // 10 below the lowest score
  Trie trie;

  // After scores and unknown are set and the vocabulary has its kinds: text can become its ordinary tokens only.
  void finish(const Vocabulary& vocabulary);
};

class UnigramWords {
 public:
  explicit UnigramWords(const UnigramModel& model) : model_(model) {}

  // A run of unknown characters is one part with id -1.
  struct Part {
    std::string_view text;
    TokenId id;
  };
  const std::vector<Part>& cut(std::string_view word);

 private:
  struct Node {
    double score = 0;
    std::size_t begin = kNone;
    TokenId id = -1;
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  const UnigramModel& model_;
  std::vector<Node> nodes_;  // nodes_[i]: the best path that ends before byte i
  std::vector<Part> parts_;
};

}  // namespace tokenizer

// added_tokens.h: finds a vocabulary's added tokens inside a text, before anything else is done to it.
// add() each token and build(); find() gives them from left to right, at each place the longest.
// Immutable after build(); any thread. Overlaps, white space and words as in the `tokenizers` library (added_vocabulary.rs).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"
#include "tokenizer/trie.h"

namespace tokenizer {

struct AddedToken {
  TokenId id = -1;
  std::string content;
  bool left_strip = false;   // takes the white space before it
  bool right_strip = false;  // takes the white space after it
  bool single_word = false;  // only where no letter or digit touches it
  bool normalized = false;   // looked for in the normalized text rather than in the raw one
  bool spelled = false;      // its content is already as the normalizer would write it
  bool control = false;      // user text never becomes it
};

class AddedTokenMatcher {
 public:
  void add(AddedToken token);
  void build();
  bool empty() const { return tokens_.empty(); }

  struct Match {
    std::size_t begin = 0, end = 0;  // with the white space it takes
    TokenId id = -1;
  };
  // Without `with_control` a control token's text stays text, and no other token is looked for inside it.
  std::vector<Match> find(std::string_view text, bool with_control) const;

 private:
  const AddedToken* longest_at(std::string_view text) const;

  std::vector<AddedToken> tokens_;
  Trie trie_;  // places in tokens_
  std::array<bool, 256> starts_{};
};

}  // namespace tokenizer

// added_tokens.h: finds a vocabulary's added tokens inside a text, before anything else is done to it.
// add() each token and build(); next() gives the leftmost, and of those the longest. One matcher holds the tokens that
// user text may become, another also the control tokens (EncodeOptions::parse_special).
// Immutable after build(); any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

struct AddedToken {
  TokenId id = -1;
  std::string content;
  bool left_strip = false;   // takes the white space before it
  bool right_strip = false;  // takes the white space after it
  bool single_word = false;  // only where no letter or digit touches it
  bool normalized = false;   // looked for in the normalized text rather than in the raw one
};

class AddedTokenMatcher {
 public:
  void add(AddedToken token);
  bool empty() const { return tokens_.empty(); }

  struct Match {
    std::size_t begin = 0, end = 0;  // with the white space it takes
    TokenId id = -1;
  };
  std::optional<Match> next(std::string_view text, std::size_t from) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, int>> children;
    int token = -1;
  };
  int longest_at(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_{1};
  std::array<bool, 256> starts_{};
};

}  // namespace tokenizer

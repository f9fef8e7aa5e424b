// incremental.h: encoding a text that was encoded before, but for an edit, by encoding only what stands around the edit.
// encode() gives exactly Tokenizer::encode() with special tokens off. It cuts the text where no token ever joins, once a line,
// and remembers the pieces by their bytes: after an edit only the pieces it touched are new, in whatever buffer they stand.
// Owned by one thread at a time; the tokenizer must outlive it. Forgets what was not used for longest beyond `budget` bytes.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

class IncrementalEncoder {
 public:
  explicit IncrementalEncoder(const Tokenizer& tokenizer, std::size_t budget = std::size_t(8) << 20);
  IncrementalEncoder(const IncrementalEncoder&) = delete;
  IncrementalEncoder& operator=(const IncrementalEncoder&) = delete;

  // Ids of user text, as Tokenizer::encode(text, {.parse_special = false, .continues = continues}).
  std::vector<TokenId> encode(std::string_view text, bool continues);

  // Whether this vocabulary allows cuts; where it does not, everything is encoded each time.
  bool cuts() const { return cuts_; }
  std::size_t encoded_bytes() const { return encoded_bytes_; }  // so far, given to the tokenizer

 private:
  struct Piece {
    std::string text;  // with a first byte that tells whether it continues
    std::vector<TokenId> ids;
    std::size_t bytes() const { return text.size() + ids.size() * sizeof(TokenId) + 128; }
  };
  void append(std::string_view piece, bool continues, std::vector<TokenId>& out);
  void forget_oldest();

  const Tokenizer& tokenizer_;
  const std::size_t budget_;
  bool cuts_;
  std::size_t held_ = 0, encoded_bytes_ = 0;
  std::list<Piece> pieces_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Piece>::iterator> found_;
  std::string key_;
};

// Where the text may be cut: between a letter and a space with a letter behind it, at most once a line; ascending.
// Nothing but the line itself decides.
std::vector<std::size_t> cut_places(std::string_view text);

}  // namespace tokenizer

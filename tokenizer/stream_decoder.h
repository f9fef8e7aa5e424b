// stream_decoder.h: ids, one at a time, to text that never holds half a character.
// push() each id and use what it returns; finish() gives what is left (ill-formed rest as U+FFFD).
// One object per generation; not shared between threads.
#pragma once

#include <string>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

class StreamDecoder {
 public:
  // `continues`: the ids follow earlier text, so a SentencePiece leading space is kept.
  explicit StreamDecoder(const Tokenizer& tokenizer, bool continues = true) : tokenizer_(tokenizer), at_start_(!continues) {}

  std::string push(TokenId id);  // control tokens add nothing
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool at_start_;
  std::string pending_;  // the bytes of an unfinished character
};

}  // namespace tokenizer

// charsmap.h: SentencePiece's compiled normalisation rules (T5, XLM-R, ALBERT): which characters are written as which.
// Charsmap::parse(bytes) checks them whole; to_step() is a Normalizer's step that holds it.
// Immutable; any thread; no byte outside of the rules is read, whatever they hold. Sources: sentencepiece's normalizer.cc (the
// blob), Darts-clone (the trie); characters are taken together as the `tokenizers` library does (its precompiled normalizer).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/normalize.h"

namespace tokenizer {

class Charsmap {
 public:
  // The size of the trie in bytes, the trie, then the texts to write, each ended by a zero byte.
  static base::Result<Charsmap> parse(std::string_view bytes);

  // What stands for the shortest of the rules' left sides that `text` begins with.
  std::optional<std::string_view> find(std::string_view text) const;
  std::string apply(std::string_view text) const;

 private:
  std::vector<std::uint32_t> trie_;
  std::string texts_;
};

Normalizer::Step to_step(Charsmap charsmap);

}  // namespace tokenizer

// synthetic.h: a byte-level BPE vocabulary made from nothing, of any size: for models with random weights.
// synthetic_vocabulary(size) knows the 256 bytes, words of code, runs of spaces and fill-in-the-middle markers; the rest is
// unused. hf_json_of() gives the same as tokenizer.json. Pure; the same size gives the same vocabulary.
#pragma once

#include <string>

#include "tokenizer/gguf_keys.h"

namespace tokenizer {

inline constexpr std::int64_t kSmallestSynthetic = 512;

GgufVocabulary synthetic_vocabulary(std::int64_t size);  // at least kSmallestSynthetic
std::string hf_json_of(const GgufVocabulary& vocabulary);  // of a byte-level one

}  // namespace tokenizer

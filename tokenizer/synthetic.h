// synthetic.h: a byte-level BPE vocabulary made from nothing, of any size: for models with random weights.
// synthetic_vocabulary(size, family) knows the 256 bytes, words of code, runs of spaces and the fill-in-the-middle markers of
// a family (fim.h); the rest is unused. hf_json_of() gives the same as tokenizer.json. Pure; the same arguments give the same.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/gguf_keys.h"

namespace tokenizer {

inline constexpr std::int64_t kSmallestSynthetic = 512;

// `size` at least kSmallestSynthetic; `family` one of fim_families().
GgufVocabulary synthetic_vocabulary(std::int64_t size, std::string_view family);
std::string hf_json_of(const GgufVocabulary& vocabulary);  // of a byte-level one

}  // namespace tokenizer

// gguf_keys.h: a vocabulary as GGUF spells it, and its keys in a header: what a writer of GGUF files fills.
// Fill a GgufVocabulary (synthetic.h, hf_json_export.h, sentencepiece.h), then add_vocabulary() to the header.
// A value. Source: ggml's docs/gguf.md, "Tokenizer", and llama.cpp's convert_hf_to_gguf.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/formats/gguf_writer.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

// As numbered in tokenizer.ggml.token_type.
enum GgufTokenType : std::int32_t { kNormalToken = 1, kUnknownToken, kControlToken, kUserToken, kUnusedToken, kByteToken };

struct GgufVocabulary {
  std::string model = "gpt2";        // "gpt2": byte-level BPE; "llama": SentencePiece
  std::string pre;                   // the pre-tokenizer's name; empty for "llama"
  std::vector<std::string> tokens;   // as the file spells them
  std::vector<std::int32_t> types;   // GgufTokenType, one a token
  std::vector<float> scores;         // "llama" only
  std::vector<std::string> merges;   // "gpt2" only: "a b"
  std::optional<TokenId> bos, eos, unknown;
  std::optional<bool> adds_bos, adds_space;  // add_bos_token, add_space_prefix
};

// Room for `size` tokens, with what a loaded tokenizer tells of them: kinds, and which begin, end and are unknown.
// InvalidInput where the tokenizer has more.
base::Result<void> describe_tokens(const Tokenizer& loaded, std::int64_t size, GgufVocabulary& out);

// Gives each token that still has no text one of its own, as unused.
void name_unused_tokens(GgufVocabulary& vocabulary);

void add_vocabulary(const GgufVocabulary& vocabulary, base::GgufHeader& header);

}  // namespace tokenizer

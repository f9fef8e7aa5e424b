// byte_tokenizer.h: the smallest vocabulary: ids 0..255 are bytes, then a few control tokens; needs no file.
// The scripted engine (engine/scripted) speaks it, so that tests run the whole pipeline with exact text and no model.
#pragma once

#include <memory>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

namespace byte_ids {
constexpr TokenId kEnd = 256;        // <|endoftext|>
constexpr TokenId kFimPrefix = 257;  // <|fim_prefix|>
constexpr TokenId kFimSuffix = 258;  // <|fim_suffix|>
constexpr TokenId kFimMiddle = 259;  // <|fim_middle|>
constexpr TokenId kCount = 260;
}  // namespace byte_ids

// `with_fim` false: the fill-in-the-middle tokens are plain Unused ids, so probe_fim() finds no layout.
std::unique_ptr<Tokenizer> make_byte_tokenizer(bool with_fim = true);

}  // namespace tokenizer

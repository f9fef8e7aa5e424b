// sentencepiece.h: tokenizer.model files, encoded by libsentencepiece itself (BPE and Unigram alike).
// read_sentencepiece() takes the file's bytes, and the texts of the small files beside it for the special ids;
// export_sentencepiece() gives the same vocabulary as GGUF spells it, Unsupported where the pieces are a Unigram model's.
// Errors are sentences without the file's name: the caller has it. Immutable; any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "tokenizer/gguf_keys.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

base::Result<std::unique_ptr<Tokenizer>> read_sentencepiece(std::string_view model, const HfTexts& beside);

// `loaded` was made from `model`; ids past the file's pieces, up to `size`, become unused tokens.
base::Result<GgufVocabulary> export_sentencepiece(std::string_view model, const Tokenizer& loaded, std::int64_t size);

}  // namespace tokenizer

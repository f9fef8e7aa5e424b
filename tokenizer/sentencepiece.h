// sentencepiece.h: tokenizer.model files, encoded by libsentencepiece itself (BPE and Unigram alike).
// read_sentencepiece() takes the file's bytes, and the texts of the small files beside it for the special ids.
// Errors are sentences without the file's name: the caller has it. Immutable; any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

base::Result<std::unique_ptr<Tokenizer>> read_sentencepiece(std::string_view model, const HfTexts& beside);

}  // namespace tokenizer

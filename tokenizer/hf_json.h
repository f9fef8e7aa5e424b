// hf_json.h: tokenizer.json of the Hugging Face `tokenizers` library, and the small files beside it that name special ids.
// read_hf_json() takes texts, not files; empty texts are absent files. BPE and Unigram: WordPiece and WordLevel are Unsupported.
// A BPE's dropout is for training, and ignored.
// Errors name the file and the field. The tokenizer keeps nothing of the texts.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

struct HfTexts {
  std::string_view tokenizer;          // tokenizer.json
  std::string_view tokenizer_config;   // tokenizer_config.json
  std::string_view special_tokens;     // special_tokens_map.json
  std::string_view config;             // config.json
  std::string_view generation_config;  // generation_config.json
  std::string_view folder;             // where they lie, with a slash; for errors
};

base::Result<std::unique_ptr<Tokenizer>> read_hf_json(const HfTexts& texts);

}  // namespace tokenizer

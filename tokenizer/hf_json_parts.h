// hf_json_parts.h: the sections of tokenizer.json, each read by a function of its own into BpeParts.
// Used by hf_json.cpp only; the vocabulary must be read before what refers to its ids.
// Errors name the field from the file's root.
#pragma once

#include "base/json.h"
#include "tokenizer/bpe_tokenizer.h"

namespace tokenizer {

base::Result<void> read_hf_model(const base::Json& model, BpeParts& parts);
// After read_hf_model() and find_byte_spelling: added tokens may extend the vocabulary.
base::Result<void> read_hf_added_tokens(const base::Json& root, BpeParts& parts);
base::Result<void> read_hf_normalizer(const base::Json& normalizer, std::string_view field, BpeParts& parts);
base::Result<void> read_hf_pretokenizer(const base::Json& pretokenizer, std::string_view field, BpeParts& parts);

// A "pattern" field: {"Regex": "..."} or {"String": "..."}.
struct HfPattern {
  bool regex = false;
  std::string text;
};
base::Result<HfPattern> read_hf_pattern(const base::Json& step, std::string_view field);

// What the folder's small files say of bos, eos and whether bos is added.
struct HfTexts;
base::Result<SpecialIds> read_hf_special(const HfTexts& texts, const base::Json* tokenizer_json, const Vocabulary& vocabulary);

}  // namespace tokenizer

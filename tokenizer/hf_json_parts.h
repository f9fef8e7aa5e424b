// hf_json_parts.h: the sections of tokenizer.json, each read by a function of its own into PipelineParts.
// Used by hf_json.cpp only; the vocabulary must be read before what refers to its ids.
// Errors name the field from the file's root.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "tokenizer/pipeline.h"

namespace tokenizer {

struct HfDecoder;
base::Result<void> read_hf_model(const base::Json& model, const HfDecoder& decoder, PipelineParts& parts);
// After read_hf_model(): added tokens may extend the vocabulary.
base::Result<void> read_hf_added_tokens(const base::Json& root, PipelineParts& parts);
base::Result<void> read_hf_normalizer(const base::Json& normalizer, std::string_view field, PipelineParts& parts);
base::Result<void> read_hf_pretokenizer(const base::Json& pretokenizer, std::string_view field, PipelineParts& parts);

// Unigram's model section: [token, score] pairs. Vocabulary::set() is given each token's bytes by the decoder.
base::Result<void> read_hf_unigram(const base::Json& model, const HfDecoder& decoder, PipelineParts& parts);

// What a decoder makes of each token; without steps a token's spelling is its text.
struct HfDecoder {
  using Step = std::function<std::string(std::string)>;
  std::vector<Step> steps;
  bool byte_level = false;
  std::string bytes_of(std::string spelled) const;
};
base::Result<HfDecoder> read_hf_decoder(const base::Json& decoder, std::string_view field);

// The ids that a post-processor puts before a text.
base::Result<std::vector<TokenId>> read_hf_begin(const base::Json& processor, std::string_view field, const Vocabulary& vocabulary);

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

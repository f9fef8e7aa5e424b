// pipeline.h: a vocabulary's model with all that stands around it: added tokens, normalizer, pre-tokenizer.
// The readers (hf_json, gguf_vocab) fill PipelineParts; make_pipeline() puts them together.
// Immutable; any thread.
#pragma once

#include <memory>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/normalize.h"
#include "tokenizer/pretokenize.h"
#include "tokenizer/vocabulary.h"
#include "tokenizer/words.h"

namespace tokenizer {

struct PipelineParts {
  Vocabulary vocabulary;
  SpecialIds special;
  WordModel model;
  Normalizer normalizer;
  SplitSteps steps;
  std::vector<AddedToken> added;  // which of them user text may become is the vocabulary's kind to say
  bool spells_spaces = false;     // spaces are "▁" in the vocabulary
  bool strips_leading_space = false;
};

std::unique_ptr<Tokenizer> make_pipeline(PipelineParts parts);

}  // namespace tokenizer

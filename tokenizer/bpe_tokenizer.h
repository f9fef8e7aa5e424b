// bpe_tokenizer.h: a BPE vocabulary with all that stands around it: added tokens, normalizer, pre-tokenizer.
// The readers (hf_json, gguf_vocab) fill BpeParts; make_bpe_tokenizer() puts them together.
// Immutable; any thread.
#pragma once

#include <memory>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/normalize.h"
#include "tokenizer/pretokenize.h"
#include "tokenizer/vocabulary.h"

namespace tokenizer {

struct BpeParts {
  Vocabulary vocabulary;
  SpecialIds special;
  BpeModel model;
  Normalizer normalizer;
  SplitSteps steps;
  std::vector<AddedToken> added;  // which of them user text may become is the vocabulary's kind to say
  bool spells_spaces = false;     // spaces are "▁" in the vocabulary
  bool strips_leading_space = false;
  bool restarts_after_special = true;  // a text after a control token begins like a document (a "▁" first)
};

std::unique_ptr<Tokenizer> make_bpe_tokenizer(BpeParts parts);

}  // namespace tokenizer

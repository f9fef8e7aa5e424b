// same_vocabulary.h: whether two vocabularies give the same tokens the same ids, so that one model's ids mean the same to another.
// check_same_vocabulary() compares every token's text, special tokens' too. Tables that differ only in how far they are filled up
// are the same; so are those that name other ids as the end of a text, as a base model and its chat version do.
// Fails with one sentence that names the first difference. Pure; some milliseconds.
#pragma once

#include <string_view>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

struct NamedVocabulary {
  const Tokenizer& tokenizer;
  std::string_view name;  // for people: the file
};

base::Result<void> check_same_vocabulary(NamedVocabulary one, NamedVocabulary other);

}  // namespace tokenizer

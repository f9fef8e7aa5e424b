// hf_json_trained.h: a trained vocabulary as the tokenizer.json of the Hugging Face `tokenizers` library.
// find_cuts("code") names the patterns that cut a text into words; hf_json_of(trained, cuts) is the file's text.
// Pure. The special tokens are "special", so that a user's text never becomes one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/pretokenize.h"
#include "tokenizer/train/bpe_trainer.h"

namespace tokenizer {

// How a text is cut into words before merging: patterns, one step after the other.
struct Cuts {
  std::string_view name;
  std::vector<std::string_view> patterns;

  base::Result<PreTokenizer> steps() const;
};
base::Result<Cuts> find_cuts(std::string_view name);  // InvalidInput names those there are

std::string hf_json_of(const TrainedBpe& trained, const Cuts& cuts);

}  // namespace tokenizer

// hf_json_of(): a byte-level vocabulary as the tokenizer.json of the Hugging Face `tokenizers` library.
#include "base/json.h"
#include "tokenizer/synthetic.h"

namespace tokenizer {

std::string hf_json_of(const GgufVocabulary& vocabulary) {
  using base::Json;
  Json added = Json::array(), vocab = Json::object(), merges = Json::array();
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    if (vocabulary.types[i] == kControlToken)
      added.push_back({{"id", i}, {"content", vocabulary.tokens[i]}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", false}, {"special", true}});
    else
      vocab[vocabulary.tokens[i]] = i;
  }
  for (const std::string& merge : vocabulary.merges) {
    const std::size_t space = merge.find(' ');
    merges.push_back({merge.substr(0, space), merge.substr(space + 1)});
  }
  const Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const Json model = {{"type", "BPE"}, {"dropout", nullptr}, {"unk_token", nullptr}, {"continuing_subword_prefix", nullptr}, {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false}, {"byte_fallback", false}, {"vocab", std::move(vocab)}, {"merges", std::move(merges)}};
  return base::dump_json({{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"added_tokens", std::move(added)}, {"normalizer", nullptr},
                          {"pre_tokenizer", byte_level}, {"post_processor", nullptr}, {"decoder", byte_level}, {"model", model}});
}

}  // namespace tokenizer

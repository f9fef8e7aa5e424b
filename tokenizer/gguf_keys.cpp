#include "tokenizer/gguf_keys.h"

namespace tokenizer {

void add_vocabulary(const GgufVocabulary& vocabulary, base::GgufHeader& header) {
  header.text("tokenizer.ggml.model", vocabulary.model);
  if (!vocabulary.pre.empty()) header.text("tokenizer.ggml.pre", vocabulary.pre);
  header.texts("tokenizer.ggml.tokens", vocabulary.tokens);
  header.integers("tokenizer.ggml.token_type", vocabulary.types);
  if (vocabulary.model == "llama") header.floats("tokenizer.ggml.scores", vocabulary.scores);
  else header.texts("tokenizer.ggml.merges", vocabulary.merges);
  const auto id = [&](std::string_view key, std::optional<TokenId> value) {
    if (value) header.u32(key, static_cast<std::uint32_t>(*value));
  };
  id("tokenizer.ggml.bos_token_id", vocabulary.bos);
  id("tokenizer.ggml.eos_token_id", vocabulary.eos);
  id("tokenizer.ggml.unknown_token_id", vocabulary.unknown);
  if (vocabulary.adds_bos) header.boolean("tokenizer.ggml.add_bos_token", *vocabulary.adds_bos);
  if (vocabulary.adds_space) header.boolean("tokenizer.ggml.add_space_prefix", *vocabulary.adds_space);
}

}  // namespace tokenizer

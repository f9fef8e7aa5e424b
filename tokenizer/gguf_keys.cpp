#include "tokenizer/gguf_keys.h"

#include <fmt/format.h>

namespace tokenizer {
namespace {

std::int32_t type_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::Normal: return kNormalToken;
    case TokenKind::Control: return kControlToken;
    case TokenKind::UserDefined: return kUserToken;
    case TokenKind::Byte: return kByteToken;
    case TokenKind::Unknown: return kUnknownToken;
    case TokenKind::Unused: return kUnusedToken;
  }
  return kNormalToken;
}

}  // namespace

base::Result<void> describe_tokens(const Tokenizer& loaded, std::int64_t size, GgufVocabulary& out) {
  if (std::int64_t(loaded.vocab_size()) > size)
    return base::fail(base::ErrorCode::InvalidInput, "has {} tokens, the model {}", loaded.vocab_size(), size);
  out.tokens.resize(std::size_t(size));
  out.types.resize(std::size_t(size));
  for (std::size_t i = 0; i < out.types.size(); ++i) {
    out.types[i] = type_of(loaded.kind(TokenId(i)));
    if (out.types[i] == kUnknownToken && !out.unknown) out.unknown = TokenId(i);
  }
  out.bos = loaded.bos();
  if (!loaded.end_ids().empty()) out.eos = loaded.end_ids().front();
  out.adds_bos = loaded.adds_bos();
  return {};
}

void name_unused_tokens(GgufVocabulary& vocabulary) {
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i)
    if (vocabulary.tokens[i].empty()) vocabulary.tokens[i] = fmt::format("[PAD{}]", i), vocabulary.types[i] = kUnusedToken;
}

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

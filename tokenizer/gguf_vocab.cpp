#include "tokenizer/gguf_vocab.h"

#include "base/utf8.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/spm_merges.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::Gguf;
using base::Result;

// As numbered in tokenizer.ggml.token_type.
TokenKind kind_of(std::int64_t type) {
  switch (type) {
    case 2: return TokenKind::Unknown;
    case 3: return TokenKind::Control;
    case 4: return TokenKind::UserDefined;
    case 5: return TokenKind::Unused;
    case 6: return TokenKind::Byte;
    default: return TokenKind::Normal;
  }
}

Result<const base::GgufArray*> strings(const Gguf& gguf, std::string_view key) {
  auto array = gguf.array(key);
  if (array && (*array)->strings.size() != (*array)->size())
    return base::fail(ErrorCode::InvalidInput, "{}: {} is not an array of strings", gguf.path().string(), key);
  return array;
}

// An array beside the tokens, one number a token; empty where the file has none.
Result<std::vector<double>> numbers_per_token(const Gguf& gguf, std::string_view key, std::size_t tokens) {
  if (!gguf.has(key)) return std::vector<double>{};
  auto array = gguf.array(key);
  if (!array) return base::forward(array);
  std::vector<double> numbers = (*array)->floats;
  for (const std::int64_t integer : (*array)->integers) numbers.push_back(static_cast<double>(integer));
  if (numbers.size() != tokens)
    return base::fail(ErrorCode::InvalidInput, "{}: {} has {} numbers for {} tokens", gguf.path().string(), key, numbers.size(), tokens);
  return numbers;
}

std::string bytes_of(const std::string& spelled, TokenKind kind, bool byte_level) {
  if (kind == TokenKind::Byte) {
    const auto byte = byte_spelled(spelled);
    return byte ? std::string(1, *byte) : spelled;
  }
  if (kind == TokenKind::Control || kind == TokenKind::Unknown) return spelled;
  if (!byte_level) return with_spaces(spelled);
  return kind == TokenKind::UserDefined ? spelled : from_printable(spelled).value_or(spelled);
}

Result<void> read_tokens(const Gguf& gguf, bool byte_level, PipelineParts& parts) {
  constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
  const auto tokens = strings(gguf, kTokens);
  if (!tokens) return base::forward(tokens);
  const auto& names = (*tokens)->strings;
  if (names.empty()) return base::fail(ErrorCode::InvalidInput, "{}: {} is empty", gguf.path().string(), kTokens);
  const auto types = numbers_per_token(gguf, "tokenizer.ggml.token_type", names.size());
  if (!types) return base::forward(types);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const TokenKind kind = types->empty() ? TokenKind::Normal : kind_of(static_cast<std::int64_t>((*types)[i]));
    // Padding repeats a name in some files; only the first is ever meant.
    const bool again = names[i].empty() || parts.vocabulary.find(names[i]);
    const std::string name = again ? fmt::format("[UNUSED_{}]", i) : names[i];
    const TokenKind kept = again ? TokenKind::Unused : kind;
    const auto set = parts.vocabulary.set(static_cast<std::int64_t>(i), name, bytes_of(name, kept, byte_level), kept);
    if (!set) return base::forward(set, fmt::format("{}: {}", gguf.path().string(), kTokens));
  }
  parts.vocabulary.mark_markers();
  for (std::size_t i = 0; i < parts.vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenKind kind = parts.vocabulary.kind(id);
    const bool added = kind == TokenKind::Control || kind == TokenKind::UserDefined || kind == TokenKind::Unknown;
    if (added && base::is_valid_utf8(parts.vocabulary.content(id)))
      parts.added.push_back({.id = id,
                             .content = std::string(parts.vocabulary.content(id)),
                             .normalized = !byte_level && kind == TokenKind::UserDefined,
                             .spelled = true});
  }
  return {};
}

Result<void> read_merges(const Gguf& gguf, PipelineParts& parts) {
  constexpr std::string_view kMerges = "tokenizer.ggml.merges";
  const auto merges = strings(gguf, kMerges);
  if (!merges) return base::forward(merges);
  const auto& pairs = (*merges)->strings;
  parts.model.bpe.merges = MergeTable(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::string_view pair = pairs[i];
    const std::size_t space = pair.find(' ', 1);  // a part is never empty, but may begin with a space
    if (space == std::string_view::npos || space + 1 == pair.size())
      return base::fail(ErrorCode::InvalidInput, "{}: {}[{}] is '{}': expected two tokens and a space between", gguf.path().string(), kMerges, i, pair);
    const std::string_view left = pair.substr(0, space), right = pair.substr(space + 1);
    const auto left_id = parts.vocabulary.find(left), right_id = parts.vocabulary.find(right);
    const auto merged = parts.vocabulary.find(std::string(left).append(right));
    if (!left_id || !right_id || !merged)
      return base::fail(ErrorCode::InvalidInput, "{}: {}[{}] is '{}', but '{}' is no token", gguf.path().string(), kMerges, i, pair,
                        !left_id ? std::string(left) : !right_id ? std::string(right) : std::string(left).append(right));
    parts.model.bpe.add_merge(parts.vocabulary, *left_id, *right_id, {static_cast<std::uint32_t>(i), *merged});
  }
  return {};
}

// Both say whether a prompt begins with bos where the file does not.
Result<bool> read_byte_level(const Gguf& gguf, PipelineParts& parts) {
  parts.model.bpe.byte_level = true;
  if (const auto read = read_tokens(gguf, true, parts); !read) return base::forward(read);
  const auto name = gguf.string_or("tokenizer.ggml.pre", "default");
  if (!name) return base::forward(name);
  auto named = pretokenize_named(*name);
  if (!named) return base::forward(named, fmt::format("{}: tokenizer.ggml.pre", gguf.path().string()));
  parts.steps = std::move(named->steps);
  parts.model.bpe.ignore_merges = named->ignore_merges;
  parts.model.bpe.find_bytes(parts.vocabulary);
  if (const auto read = read_merges(gguf, parts); !read) return base::forward(read);
  return named->adds_bos;
}

Result<bool> read_spm(const Gguf& gguf, PipelineParts& parts) {
  if (const auto read = read_tokens(gguf, false, parts); !read) return base::forward(read);
  const auto scores = numbers_per_token(gguf, "tokenizer.ggml.scores", parts.vocabulary.size());
  if (!scores) return base::forward(scores);
  if (scores->empty())
    return base::fail(ErrorCode::InvalidInput, "{}: tokenizer.ggml.scores is missing: a SentencePiece vocabulary needs a score for each token", gguf.path().string());
  const auto space_first = gguf.boolean_or("tokenizer.ggml.add_space_prefix", true);
  if (!space_first) return base::forward(space_first);
  parts.spells_spaces = true;
  parts.strips_leading_space = *space_first;
  if (*space_first) parts.normalizer.add(prepend(std::string(kMetaspace)));
  parts.normalizer.add(replace_string(" ", std::string(kMetaspace)));
  parts.model.bpe.find_bytes(parts.vocabulary);
  for (std::size_t i = 0; i < parts.vocabulary.size(); ++i)
    if (parts.vocabulary.kind(static_cast<TokenId>(i)) == TokenKind::Unknown) parts.model.bpe.unknown = static_cast<TokenId>(i);
  add_spm_merges(parts.vocabulary, *scores, parts.model.bpe);
  return true;
}

// An id key; nullopt where it is absent or names no token of this vocabulary (converters write such).
Result<std::optional<TokenId>> id_at(const Gguf& gguf, std::string_view key, const Vocabulary& vocabulary) {
  if (!gguf.has(key)) return std::optional<TokenId>{};
  const auto id = gguf.integer(key);
  if (!id) return base::forward(id);
  if (*id < 0 || *id >= static_cast<std::int64_t>(vocabulary.size())) return std::optional<TokenId>{};
  return static_cast<TokenId>(*id);
}

Result<void> read_special(const Gguf& gguf, bool adds_bos_unless_told, PipelineParts& parts) {
  const auto bos = id_at(gguf, "tokenizer.ggml.bos_token_id", parts.vocabulary);
  if (!bos) return base::forward(bos);
  parts.special.bos = *bos;
  for (const std::string_view key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    const auto id = id_at(gguf, key, parts.vocabulary);
    if (!id) return base::forward(id);
    if (*id) parts.special.ends.push_back(**id);
  }
  const auto adds_bos = gguf.boolean_or("tokenizer.ggml.add_bos_token", adds_bos_unless_told);
  if (!adds_bos) return base::forward(adds_bos);
  if (*adds_bos && parts.special.bos) parts.special.begin = {*parts.special.bos};
  add_known_ends(parts.vocabulary, parts.special);
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> read_gguf_vocab(const Gguf& gguf) {
  const auto model = gguf.string("tokenizer.ggml.model");
  if (!model) return base::forward(model);
  PipelineParts parts;
  if (*model != "gpt2" && *model != "llama")
    return base::fail(ErrorCode::Unsupported, "{}: tokenizer.ggml.model is '{}': expected gpt2 or llama", gguf.path().string(), *model);
  const auto adds_bos = *model == "gpt2" ? read_byte_level(gguf, parts) : read_spm(gguf, parts);
  if (!adds_bos) return base::forward(adds_bos);
  if (const auto read = read_special(gguf, *adds_bos, parts); !read) return base::forward(read);
  return make_pipeline(std::move(parts));
}

}  // namespace tokenizer

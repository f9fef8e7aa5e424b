#include "tokenizer/vocabulary.h"

#include <algorithm>

namespace tokenizer {
namespace {

using base::ErrorCode;

// Spellings that are markers in every vocabulary that has them. "<PRE>" and "[SUFFIX]" are not here: a vocabulary may hold
// them as ordinary text, so those count only where the file itself calls them control tokens.
constexpr std::string_view kMarkers[] = {
    "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|file_separator|>",
    "<|fim_suffix_first|>", "<|reponame|>", "<|filename|>",
    "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<fim-prefix>", "<fim-suffix>", "<fim-middle>", "<fim-pad>",
    "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>",
    "<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>", "<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>",
};

constexpr std::string_view kEnds[] = {
    "<|endoftext|>", "<|end_of_text|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|EOT|>", "<end_of_turn>",
    "<｜end▁of▁sentence｜>", "▁<EOT>", "<EOT>", "<|eos|>", "[e~[",
};

}  // namespace

base::Result<void> Vocabulary::set(std::int64_t id, std::string_view content, std::string_view bytes, TokenKind kind) {
  if (id < 0 || id >= kMostTokens)
    return base::fail(ErrorCode::InvalidInput, "token '{}' has id {}: expected 0 to {}", content, id, kMostTokens - 1);
  const auto at = static_cast<std::size_t>(id);
  if (at >= tokens_.size()) tokens_.resize(at + 1);
  if (tokens_[at].taken && this->content(static_cast<TokenId>(id)) != content)
    return base::fail(ErrorCode::InvalidInput, "tokens '{}' and '{}' have the same id {}",
                      this->content(static_cast<TokenId>(id)), content, id);
  const auto before = find(content);
  if (before && *before != id)
    return base::fail(ErrorCode::InvalidInput, "token '{}' has two ids, {} and {}", content, *before, id);
  Token token{store(content), {}, kind, true};
  token.bytes = bytes == content ? token.content : store(bytes);
  tokens_[at] = token;
  if (!before)
    by_content_.insert(content, static_cast<TokenId>(id), [this](TokenId other) { return this->content(other); });
  return {};
}

std::optional<TokenId> Vocabulary::find(std::string_view content) const {
  return by_content_.find(content, [this](TokenId id) { return this->content(id); });
}

void Vocabulary::mark_markers() {
  for (const std::string_view marker : kMarkers)
    if (const auto id = find(marker)) set_kind(*id, TokenKind::Control);
}

std::string_view Vocabulary::view(Range Token::* part, TokenId id) const {
  if (!has(id)) return {};
  const Range range = tokens_[static_cast<std::size_t>(id)].*part;
  return std::string_view(text_).substr(range.offset, range.length);
}

Vocabulary::Range Vocabulary::store(std::string_view text) {
  const Range range{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
  text_.append(text);
  return range;
}

void add_known_ends(const Vocabulary& vocabulary, SpecialIds& special) {
  for (const std::string_view end : kEnds) {
    const auto id = vocabulary.find(end);
    if (id && vocabulary.kind(*id) == TokenKind::Control) special.ends.push_back(*id);
  }
  std::vector<TokenId> unique;
  for (const TokenId id : special.ends)
    if (vocabulary.has(id) && std::ranges::find(unique, id) == unique.end()) unique.push_back(id);
  special.ends = std::move(unique);
}

}  // namespace tokenizer

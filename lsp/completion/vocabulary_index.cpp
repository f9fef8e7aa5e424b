#include "lsp/completion/vocabulary_index.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace lsp {
namespace {

using tokenizer::TokenId;
using tokenizer::TokenKind;

bool writes_text(TokenKind kind) {
  return kind == TokenKind::Normal || kind == TokenKind::UserDefined || kind == TokenKind::Byte;
}

std::vector<TokenId> ends_of(const tokenizer::Tokenizer& tokenizer, const tokenizer::FimLayout* fim) {
  std::vector<TokenId> ends(tokenizer.end_ids().begin(), tokenizer.end_ids().end());
  if (fim) ends.insert(ends.end(), fim->end.begin(), fim->end.end());
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

std::vector<TokenId> markers_of(const tokenizer::FimLayout* fim) {
  if (!fim) return {};
  std::vector<TokenId> markers = {fim->prefix, fim->suffix};
  for (const auto& id : {fim->middle, fim->repository.repo_name, fim->repository.file})
    if (id) markers.push_back(*id);
  return markers;
}

bool contains(const std::vector<TokenId>& ids, TokenId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

}  // namespace

VocabularyIndex::VocabularyIndex(const tokenizer::Tokenizer& tokenizer, const tokenizer::FimLayout* fim, std::size_t model_vocab_size)
    : end_ids_(ends_of(tokenizer, fim)) {
  const std::vector<TokenId> markers = markers_of(fim);
  const std::size_t size = std::max(model_vocab_size, tokenizer.vocab_size());
  entries_.reserve(tokenizer.vocab_size());
  for (std::size_t i = 0; i < size; ++i) {
    const TokenId id = TokenId(i);
    if (std::binary_search(end_ids_.begin(), end_ids_.end(), id)) continue;
    const bool known = i < tokenizer.vocab_size();
    const std::string_view bytes = known ? tokenizer.bytes(id) : std::string_view();
    if (!known || !writes_text(tokenizer.kind(id)) || bytes.empty() || contains(markers, id)) {
      banned_ids_.push_back(id);
      continue;
    }
    entries_.push_back({bytes, id});
    longest_ = std::max(longest_, bytes.size());
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return std::tie(a.bytes, a.id) < std::tie(b.bytes, b.id); });
}

std::vector<VocabularyIndex::Entry>::const_iterator VocabularyIndex::first_not_before(std::string_view bytes) const {
  return std::lower_bound(entries_.begin(), entries_.end(), bytes, [](const Entry& entry, std::string_view b) { return entry.bytes < b; });
}

void VocabularyIndex::tokens_for(std::string_view bytes, std::vector<TokenId>& ids) const {
  for (std::size_t length = 1; length < bytes.size() && length <= longest_; ++length) {
    const std::string_view part = bytes.substr(0, length);
    for (auto at = first_not_before(part); at != entries_.end() && at->bytes == part; ++at) ids.push_back(at->id);
  }
  tokens_from(bytes, ids);
}

void VocabularyIndex::tokens_from(std::string_view bytes, std::vector<TokenId>& ids) const {
  for (auto at = first_not_before(bytes); at != entries_.end() && at->bytes.starts_with(bytes); ++at) ids.push_back(at->id);
}

bool VocabularyIndex::extends(std::string_view bytes) const {
  for (auto at = first_not_before(bytes); at != entries_.end() && at->bytes.starts_with(bytes); ++at)
    if (at->bytes.size() > bytes.size()) return true;
  return false;
}

}  // namespace lsp

#include "tokenizer/bpe_model.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/byte_level.h"

namespace tokenizer {

bool BpeModel::has_every_byte() const {
  return std::ranges::all_of(bytes, [](TokenId id) { return id >= 0; });
}

void BpeModel::find_bytes(const Vocabulary& vocabulary) {
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const std::string spelled = byte_level ? to_printable(static_cast<unsigned char>(byte)) : spell_byte(static_cast<unsigned char>(byte));
    bytes[byte] = vocabulary.find(spelled).value_or(-1);
  }
}

void BpeModel::add_merge(const Vocabulary& vocabulary, TokenId left, TokenId right, Merge merge) {
  if (!is_text(vocabulary.kind(merge.merged))) return;
  merges.insert(left, right, merge);
  if (!byte_level && vocabulary.content(right).starts_with(kMetaspace) && !vocabulary.content(left).ends_with(kMetaspace))
    merges_across_metaspace = true;
}

void BpeModel::index_words(const Vocabulary& vocabulary) {
  if (!byte_level || !ignore_merges) return;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (vocabulary.kind(id) == TokenKind::Normal)
      words_.insert(vocabulary.bytes(id), id, [&](TokenId other) { return vocabulary.bytes(other); });
  }
}

std::optional<TokenId> BpeModel::find_word(const Vocabulary& vocabulary, std::string_view word) const {
  if (byte_level) return words_.find(word, [&](TokenId id) { return vocabulary.bytes(id); });
  const auto id = vocabulary.find(word);
  return id && is_text(vocabulary.kind(*id)) ? id : std::nullopt;
}

TokenId BpeModel::add_part(const Vocabulary& vocabulary, std::string_view character) {
  const auto next = static_cast<TokenId>(vocabulary.size() + part_characters.size());
  const auto [part, added] = part_characters.try_emplace(std::string(character), next);
  if (added) part_text.emplace(next, part->first);
  return part->second;
}

}  // namespace tokenizer

#include "tokenizer/bpe_model.h"

#include <algorithm>
#include <bit>

#include "base/utf8.h"
#include "tokenizer/byte_level.h"

namespace tokenizer {
namespace {

constexpr std::size_t kLongestSeen = 64;     // longer words hardly come twice
constexpr std::size_t kMostSeen = 1 << 15;
constexpr std::size_t kShortText = 512;      // not worth remembering words for

bool is_text(TokenKind kind) { return kind == TokenKind::Normal || kind == TokenKind::UserDefined || kind == TokenKind::Unused; }

}  // namespace

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

BpeWords::BpeWords(const BpeModel& model, const Vocabulary& vocabulary, std::size_t text_size)
    : model_(model), vocabulary_(vocabulary), merger_(model.merges) {
  if (text_size > kShortText) seen_.resize(std::min(kMostSeen, std::bit_ceil(text_size / 16)));
  for (const auto& [text, id] : model.part_characters) part_text_[id] = text;
}

void BpeWords::encode(std::string_view word, std::vector<TokenId>& out) {
  if (seen_.empty() || word.size() > kLongestSeen) return encode_new(word, out);
  Seen& seen = seen_[std::hash<std::string_view>{}(word) & (seen_.size() - 1)];
  if (seen.word == word && seen.count) {
    out.resize(out.size() + seen.count);
    std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(seen.begin), seen.count, out.end() - static_cast<std::ptrdiff_t>(seen.count));
    return;
  }
  const std::size_t begin = out.size();
  encode_new(word, out);
  seen = {word, begin, out.size() - begin};
}

void BpeWords::encode_new(std::string_view word, std::vector<TokenId>& out) {
  if (model_.ignore_merges) {
    if (const auto id = model_.find_word(vocabulary_, word)) return out.push_back(*id);
  }
  symbols_.clear();
  if (model_.byte_level) start_from_bytes(word);
  else start_from_characters(word);
  merger_.merge(symbols_);
  for (const TokenId id : symbols_) {
    if (vocabulary_.has(id)) out.push_back(id);
    else encode_bytes(part_text_[id], out);
  }
}

void BpeWords::encode_bytes(std::string_view bytes, std::vector<TokenId>& out) {
  for (const char byte : bytes) {
    const TokenId id = model_.bytes[static_cast<unsigned char>(byte)];
    if (id >= 0) {
      out.push_back(id);
    } else if (model_.unknown) {
      out.push_back(*model_.unknown);
      return;  // one unknown token for the whole character
    }
  }
}

void BpeWords::push_unknown() {
  if (!model_.unknown) return;
  if (model_.fuse_unknown && !symbols_.empty() && symbols_.back() == *model_.unknown) return;
  symbols_.push_back(*model_.unknown);
}

void BpeWords::start_from_bytes(std::string_view word) {
  for (const char byte : word) {
    const TokenId id = model_.bytes[static_cast<unsigned char>(byte)];
    if (id >= 0) symbols_.push_back(id);
    else push_unknown();
  }
}

void BpeWords::start_from_characters(std::string_view word) {
  for (std::size_t i = 0; i < word.size();) {
    const std::string_view character = word.substr(i, base::decode_at(word, i).length);
    i += character.size();
    if (const auto id = vocabulary_.find(character); id && is_text(vocabulary_.kind(*id))) {
      symbols_.push_back(*id);
      continue;
    }
    if (const auto part = model_.part_characters.find(std::string(character)); part != model_.part_characters.end()) {
      symbols_.push_back(part->second);
      continue;
    }
    const bool spelled_in_bytes =
        std::ranges::all_of(character, [&](char byte) { return model_.bytes[static_cast<unsigned char>(byte)] >= 0; });
    if (!spelled_in_bytes) {
      push_unknown();
      continue;
    }
    for (const char byte : character) symbols_.push_back(model_.bytes[static_cast<unsigned char>(byte)]);
  }
}

}  // namespace tokenizer

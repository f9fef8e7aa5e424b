#include "tokenizer/words.h"

#include <algorithm>
#include <bit>

#include "base/utf8.h"

namespace tokenizer {
namespace {

constexpr std::size_t kLongestSeen = 64;  // longer words hardly come twice
constexpr std::size_t kMostSeen = 1 << 15;
constexpr std::size_t kShortText = 512;  // not worth remembering words for

}  // namespace

Words::Words(const WordModel& model, const Vocabulary& vocabulary, std::size_t text_size)
    : model_(model), bpe_(model.bpe), vocabulary_(vocabulary), merger_(model.bpe.merges) {
  if (text_size > kShortText) seen_.resize(std::min(kMostSeen, std::bit_ceil(text_size / 16)));
  if (model.unigram) unigram_.emplace(*model.unigram);
}

void Words::encode(std::string_view word, std::vector<TokenId>& out) {
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

void Words::encode_new(std::string_view word, std::vector<TokenId>& out) {
  if (unigram_) encode_unigram(word, out);
  else encode_bpe(word, out);
}

void Words::encode_unigram(std::string_view word, std::vector<TokenId>& out) {
  for (const auto& [text, id] : unigram_->cut(word)) {
    if (id >= 0) out.push_back(id);
    else encode_bytes(text, out);
  }
}

void Words::encode_bpe(std::string_view word, std::vector<TokenId>& out) {
  if (bpe_.ignore_merges) {
    if (const auto id = bpe_.find_word(vocabulary_, word)) return out.push_back(*id);
  }
  symbols_.clear();
  if (bpe_.byte_level) start_from_bytes(word);
  else start_from_characters(word);
  flush_unknown();
  merger_.merge(symbols_);
  for (const TokenId id : symbols_) {
    if (vocabulary_.has(id)) out.push_back(id);
    else encode_bytes(bpe_.part_text.at(id), out);
  }
}

void Words::encode_bytes(std::string_view bytes, std::vector<TokenId>& out) {
  const auto id_of = [&](char byte) { return bpe_.bytes[static_cast<unsigned char>(byte)]; };
  const bool every = std::ranges::all_of(bytes, [&](char byte) { return id_of(byte) >= 0; });
  if (!every && bpe_.unknown) return out.push_back(*bpe_.unknown);  // one for all of it
  for (const char byte : bytes)
    if (id_of(byte) >= 0) out.push_back(id_of(byte));
}

// An unknown token waits for the next known one, as in the `tokenizers` library: byte tokens go past it.
void Words::push_unknown() {
  if (!bpe_.unknown || (unknown_waits_ && bpe_.fuse_unknown)) return;
  flush_unknown();
  unknown_waits_ = true;
}

void Words::flush_unknown() {
  if (std::exchange(unknown_waits_, false)) symbols_.push_back(*bpe_.unknown);
}

void Words::push_known(TokenId id) {
  flush_unknown();
  symbols_.push_back(id);
}

void Words::start_from_bytes(std::string_view word) {
  for (const char byte : word) {
    const TokenId id = bpe_.bytes[static_cast<unsigned char>(byte)];
    if (id >= 0) push_known(id);
    else push_unknown();
  }
}

void Words::start_from_characters(std::string_view word) {
  for (std::size_t i = 0; i < word.size();) {
    const std::string_view character = word.substr(i, base::decode_at(word, i).length);
    i += character.size();
    if (const auto id = vocabulary_.find(character); id && is_text(vocabulary_.kind(*id))) {
      push_known(*id);
      continue;
    }
    if (!bpe_.part_characters.empty()) {
      if (const auto part = bpe_.part_characters.find(std::string(character)); part != bpe_.part_characters.end()) {
        push_known(part->second);
        continue;
      }
    }
    const bool spelled_in_bytes =
        std::ranges::all_of(character, [&](char byte) { return bpe_.bytes[static_cast<unsigned char>(byte)] >= 0; });
    if (!spelled_in_bytes) {
      push_unknown();
      continue;
    }
    for (const char byte : character) symbols_.push_back(bpe_.bytes[static_cast<unsigned char>(byte)]);
  }
}

}  // namespace tokenizer

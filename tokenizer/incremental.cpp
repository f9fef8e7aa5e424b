#include "tokenizer/incremental.h"

namespace tokenizer {
namespace {

constexpr std::size_t kLongestPiece = 4096;  // a longer one is a file without words: not worth its memory
constexpr std::size_t kLeastLine = 8;        // bytes before a cut: shorter pieces cost more to look up than to encode

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool joins_words(std::string_view bytes) {
  for (std::size_t i = 0; i + 2 < bytes.size(); ++i)
    if (is_letter(bytes[i]) && bytes[i + 1] == ' ' && is_letter(bytes[i + 2])) return true;
  return false;
}

// No token reaches over a cut, so neither BPE's merges nor Unigram's best path do; the pre-tokenizers of all families that
// vocabularies name begin a word at such a space. A vocabulary that does otherwise is found out on a sample.
bool may_cut(const Tokenizer& tokenizer) {
  for (std::size_t id = 0; id < tokenizer.vocab_size(); ++id)
    if (is_text(tokenizer.kind(TokenId(id))) && joins_words(tokenizer.bytes(TokenId(id)))) return false;
  constexpr std::string_view kSamples[][2] = {{"int main", " of Things"}, {"  return self", " and other.value, 12"}, {"THE", " end\n\n  x"},
                                              {"// it's don't", " know"}, {"x1 y", " z"}, {"\tdef é x", " in range(10):\n    pass"}};
  for (const auto& [left, right] : kSamples) {
    for (const bool continues : {false, true}) {
      auto apart = tokenizer.encode(left, {.continues = continues});
      for (const TokenId id : tokenizer.encode(right, {.continues = true})) apart.push_back(id);
      if (apart != tokenizer.encode(std::string(left) + std::string(right), {.continues = continues})) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<std::size_t> cut_places(std::string_view text) {
  std::vector<std::size_t> places;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    for (std::size_t at = begin + kLeastLine; at + 1 < end; ++at) {
      if (text[at] != ' ' || !is_letter(text[at - 1]) || !is_letter(text[at + 1])) continue;
      places.push_back(at);
      break;
    }
    begin = end + 1;
  }
  return places;
}

IncrementalEncoder::IncrementalEncoder(const Tokenizer& tokenizer, std::size_t budget)
    : tokenizer_(tokenizer), budget_(budget), cuts_(may_cut(tokenizer)) {}

std::vector<TokenId> IncrementalEncoder::encode(std::string_view text, bool continues) {
  std::vector<TokenId> ids;
  ids.reserve(text.size() / 3);
  std::size_t begin = 0;
  if (cuts_)
    for (const std::size_t place : cut_places(text)) {
      append(text.substr(begin, place - begin), continues || begin > 0, ids);
      begin = place;
    }
  append(text.substr(begin), continues || begin > 0, ids);
  return ids;
}

void IncrementalEncoder::append(std::string_view piece, bool continues, std::vector<TokenId>& out) {
  key_.assign(1, continues ? 'c' : 'b').append(piece);
  if (const auto found = found_.find(key_); found != found_.end()) {
    pieces_.splice(pieces_.begin(), pieces_, found->second);
    out.insert(out.end(), found->second->ids.begin(), found->second->ids.end());
    return;
  }
  std::vector<TokenId> ids = tokenizer_.encode(piece, {.parse_special = false, .continues = continues});
  encoded_bytes_ += piece.size();
  out.insert(out.end(), ids.begin(), ids.end());
  if (!cuts_ || piece.size() > kLongestPiece) return;
  pieces_.push_front({key_, std::move(ids)});
  found_.emplace(pieces_.front().text, pieces_.begin());
  held_ += pieces_.front().bytes();
  while (held_ > budget_ && pieces_.size() > 1) forget_oldest();
}

void IncrementalEncoder::forget_oldest() {
  held_ -= pieces_.back().bytes();
  found_.erase(pieces_.back().text);
  pieces_.pop_back();
}

}  // namespace tokenizer

#include "lsp/context/similar_code.h"

#include <algorithm>

#include "lsp/context/lines.h"

namespace lsp {
namespace {

constexpr std::size_t kBefore = 2000, kAfter = 500;  // bytes looked at
constexpr std::size_t kMostTerms = 48, kShortest = 3;
constexpr std::size_t kChunkTokens = 128;
constexpr std::size_t kStays = 3;  // an excerpt stays while it is among so many times those wanted

bool in_word(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    if (!in_word(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && in_word(text[at])) ++at;
    if (at - begin >= kShortest && !is_digit(text[begin])) out.push_back(text.substr(begin, at - begin));
  }
  return out;
}

// As vocabularies cut it: alone, and with what stands before it.
engine::Term spellings_of(std::string_view word, const tokenizer::Tokenizer& tokenizer) {
  engine::Term out;
  for (const std::string_view before : {"", " ", ".", "("}) {
    engine::Spelling spelling = tokenizer.encode(std::string(before) + std::string(word), {.parse_special = false, .continues = true});
    // Where what stands before is a token of its own, this is the word alone once more.
    const bool known = std::any_of(out.begin(), out.end(), [&](const engine::Spelling& other) {
      return spelling.size() >= other.size() && std::equal(other.rbegin(), other.rend(), spelling.rbegin());
    });
    if (!known) out.push_back(std::move(spelling));
  }
  return out;
}

// Whole lines of a chunk; empty where it has none.
Excerpt excerpt_of(const engine::Chunk& chunk, const std::string& path, const tokenizer::Tokenizer& tokenizer) {
  std::string text = tokenizer.decode(chunk.tokens, false);
  if (chunk.begin > 0) text.erase(0, std::min(text.size(), text.find('\n') + 1));
  if (!chunk.to_the_end) text.erase(text.rfind('\n') + 1);
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (is_blank(text)) text.clear();
  return {.key = chunk.key, .begin = chunk.begin, .path = path, .text = std::move(text), .tokens = chunk.tokens.size()};
}

bool same(const Excerpt& a, const Excerpt& b) { return a.key == b.key && a.begin == b.begin && a.text == b.text; }

}  // namespace

std::vector<std::string_view> terms_near(std::string_view text, std::size_t cursor) {
  const std::size_t begin = cursor - std::min(cursor, kBefore), end = std::min(text.size(), cursor + kAfter);
  std::vector<std::string_view> words = words_of(text.substr(begin, cursor - begin)), out;
  std::reverse(words.begin(), words.end());
  // What the window's edge and the cursor cut through is half a word.
  if (begin > 0 && !words.empty() && words.back().data() == text.data() + begin) words.pop_back();
  if (!words.empty() && words.front().data() + words.front().size() == text.data() + cursor) words.erase(words.begin());
  for (const std::string_view word : words_of(text.substr(cursor, end - cursor))) words.push_back(word);
  for (const std::string_view word : words) {
    if (out.size() == kMostTerms) break;
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
  }
  return out;
}

std::vector<Excerpt> choose_similar(const engine::NgramIndex& index, const DocumentPaths& paths, std::span<const std::string_view> terms,
                                    const tokenizer::Tokenizer& tokenizer, std::size_t most_tokens, std::span<const Excerpt> shown) {
  const std::size_t wanted = most_tokens / kChunkTokens;
  if (wanted == 0 || terms.empty()) return {};
  std::vector<engine::Term> spelled;
  for (const std::string_view term : terms) spelled.push_back(spellings_of(term, tokenizer));
  std::vector<Excerpt> found;
  for (const engine::Chunk& chunk : engine::find_similar(index, spelled, {.chunk_tokens = kChunkTokens, .chunks = wanted * kStays})) {
    const auto path = paths.find(chunk.key);
    Excerpt excerpt = excerpt_of(chunk, path == paths.end() ? std::string() : path->second, tokenizer);
    if (!excerpt.text.empty() && !excerpt.path.empty()) found.push_back(std::move(excerpt));
  }
  std::vector<Excerpt> out;
  for (const Excerpt& before : shown)
    if (out.size() < wanted && std::ranges::any_of(found, [&](const Excerpt& one) { return same(one, before); })) out.push_back(before);
  for (Excerpt& one : found) {
    if (out.size() >= wanted) break;
    if (std::ranges::none_of(out, [&](const Excerpt& other) { return same(one, other); })) out.push_back(std::move(one));
  }
  return out;
}

}  // namespace lsp

#include "tokenizer/added_tokens.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/unicode.h"

namespace tokenizer {
namespace {

bool touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word_character(base::decode_at(text, base::previous_char(text, begin)).code_point)) return true;
  return end < text.size() && is_word_character(base::decode_at(text, end).code_point);
}

std::size_t skip_space_back(std::string_view text, std::size_t at) {
  while (at > 0) {
    const std::size_t before = base::previous_char(text, at);
    if (!is_white_space(base::decode_at(text, before).code_point)) break;
    at = before;
  }
  return at;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const base::Utf8Char c = base::decode_at(text, at);
    if (!is_white_space(c.code_point)) break;
    at += c.length;
  }
  return at;
}

}  // namespace

void AddedTokenMatcher::add(AddedToken token) {
  if (!token.content.empty()) tokens_.push_back(std::move(token));
}

void AddedTokenMatcher::build() {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    trie_.add(tokens_[i].content, static_cast<TokenId>(i));
    starts_[static_cast<unsigned char>(tokens_[i].content[0])] = true;
  }
  trie_.build();
}

const AddedToken* AddedTokenMatcher::longest_at(std::string_view text) const {
  const AddedToken* longest = nullptr;
  trie_.walk(text, [&](std::size_t, TokenId place) { longest = &tokens_[static_cast<std::size_t>(place)]; });
  return longest;
}

std::vector<AddedTokenMatcher::Match> AddedTokenMatcher::find(std::string_view text, bool with_control) const {
  std::vector<Match> matches;
  if (tokens_.empty()) return matches;
  std::size_t taken = 0;  // where the match before ended
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* token = starts_[static_cast<unsigned char>(text[at])] ? longest_at(text.substr(at)) : nullptr;
    if (!token) {
      ++at;
      continue;
    }
    Match match{at, at + token->content.size(), token->id};
    at = match.end;
    if (token->control && !with_control) continue;
    if (token->single_word && touches_word(text, match.begin, match.end)) continue;
    if (token->left_strip) match.begin = std::max(skip_space_back(text, match.begin), taken);
    if (token->right_strip) match.end = skip_space(text, match.end);
    taken = match.end;
    matches.push_back(match);
  }
  return matches;
}

}  // namespace tokenizer

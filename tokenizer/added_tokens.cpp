#include "tokenizer/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"

namespace tokenizer {
namespace {

bool is_word(char32_t c) {
  if (c == '_') return true;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;  // letters, marks, numbers
}

bool is_space(char32_t c) {
  if (c >= '\t' && c <= '\r') return true;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return c == 0x85 || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word(base::decode_at(text, base::previous_char(text, begin)).code_point)) return true;
  return end < text.size() && is_word(base::decode_at(text, end).code_point);
}

}  // namespace

void AddedTokenMatcher::add(AddedToken token) {
  if (token.content.empty()) return;
  std::size_t node = 0;
  for (const char c : token.content) {
    const auto byte = static_cast<unsigned char>(c);
    auto& children = nodes_[node].children;
    const auto child = std::ranges::find(children, byte, &std::pair<unsigned char, int>::first);
    if (child != children.end()) {
      node = static_cast<std::size_t>(child->second);
      continue;
    }
    children.emplace_back(byte, static_cast<int>(nodes_.size()));
    node = nodes_.size();
    nodes_.emplace_back();
  }
  starts_[static_cast<unsigned char>(token.content[0])] = true;
  nodes_[node].token = static_cast<int>(tokens_.size());
  tokens_.push_back(std::move(token));
}

int AddedTokenMatcher::longest_at(std::string_view text, std::size_t at) const {
  int longest = -1;
  std::size_t node = 0;
  for (; at < text.size(); ++at) {
    const auto& children = nodes_[node].children;
    const auto child = std::ranges::find(children, static_cast<unsigned char>(text[at]), &std::pair<unsigned char, int>::first);
    if (child == children.end()) break;
    node = static_cast<std::size_t>(child->second);
    if (nodes_[node].token >= 0) longest = nodes_[node].token;
  }
  return longest;
}

std::optional<AddedTokenMatcher::Match> AddedTokenMatcher::next(std::string_view text, std::size_t from) const {
  if (tokens_.empty()) return std::nullopt;
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!starts_[static_cast<unsigned char>(text[at])]) continue;
    const int found = longest_at(text, at);
    if (found < 0) continue;
    const AddedToken& token = tokens_[static_cast<std::size_t>(found)];
    Match match{at, at + token.content.size(), token.id};
    if (token.single_word && touches_word(text, match.begin, match.end)) {
      at = match.end - 1;
      continue;
    }
    while (token.left_strip && match.begin > from) {
      const std::size_t before = base::previous_char(text, match.begin);
      if (before < from || !is_space(base::decode_at(text, before).code_point)) break;
      match.begin = before;
    }
    while (token.right_strip && match.end < text.size()) {
      const base::Utf8Char c = base::decode_at(text, match.end);
      if (!c.valid || !is_space(c.code_point)) break;
      match.end += c.length;
    }
    return match;
  }
  return std::nullopt;
}

}  // namespace tokenizer

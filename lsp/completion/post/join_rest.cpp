#include "lsp/completion/post/join_rest.h"

#include <algorithm>

#include "lsp/completion/post/brackets.h"
#include "lsp/context/cursor_window.h"
#include "lsp/context/indentation.h"
#include "lsp/context/lines.h"

namespace lsp {
namespace {

bool is_subsequence(std::string_view part, std::string_view text) {
  for (const char c : text)
    if (!part.empty() && c == part[0]) part.remove_prefix(1);
  return part.empty();
}

// Bytes that the end of `text` and the start of `rest` have in common: the most, but no part of a word.
std::size_t overlap(std::string_view text, std::string_view rest) {
  for (std::size_t size = std::min(text.size(), rest.size()); size > 0; --size) {
    if (!text.ends_with(rest.substr(0, size))) continue;
    const bool splits_left = size < text.size() && is_word_char(text[text.size() - size]) && is_word_char(text[text.size() - size - 1]);
    const bool splits_right = size < rest.size() && is_word_char(rest[size]) && is_word_char(rest[size - 1]);
    if (!splits_left && !splits_right) return size;
  }
  return 0;
}

Joined with_rest(std::string text, std::string_view rest) {
  return {.text = std::move(text) + std::string(rest), .kept = rest.size()};
}

// What of `rest` the end of the joined text has unchanged.
Joined whole(std::string_view text, std::string_view rest) { return {.text = std::string(text), .kept = text.ends_with(rest) ? rest.size() : 0}; }

// "{|}" and a body that was not closed: the bracket goes to a line of its own.
bool needs_own_line(const JoinInput& input) {
  const std::string_view typed = trimmed_end(input.typed);
  if (typed.empty() || input.text.find('\n') == std::string_view::npos) return false;
  const Brackets open = scan_brackets(typed);
  const char last = typed.back();
  return (last == '{' || last == '(' || last == '[') && !open.open.empty() && trimmed(input.rest).starts_with(open.open.back());
}

// How far the closing brackets of the text are those of the rest: the first `count` of both are the same.
struct Matched {
  std::size_t count = 0, text_end = 0, rest_end = 0;
};
Matched match_closers(const Brackets& text, const Brackets& rest) {
  Matched matched;
  while (matched.count < text.closers.size() && matched.count < rest.closers.size() &&
         text.closers[matched.count].mark == rest.closers[matched.count].mark) {
    matched.text_end = text.closers[matched.count].at + 1;
    matched.rest_end = rest.closers[matched.count].at + 1;
    ++matched.count;
  }
  return matched;
}

// A bracket after the cursor that nothing on the line has opened, left over from an edit: the text that ends with the same
// characters means that bracket.
bool is_left_over(const Brackets& typed, const Brackets& rest) {
  const char mark = rest.closers.empty() ? '\0' : rest.closers[0].mark;
  return mark && mark != typed.quote && typed.open.find(mark) == std::string::npos;
}

Joined join_closers(const JoinInput& input) {
  const Brackets typed = scan_brackets(input.typed);
  const char quote = typed.quote;
  const Brackets text = scan_brackets(input.text, quote), rest = scan_brackets(input.rest, quote);
  const Matched matched = match_closers(text, rest);
  if (matched.count == 0 && is_left_over(typed, rest) && input.text.ends_with(input.rest)) return whole(input.text, input.rest);
  if (matched.count < rest.closers.size()) {
    if (matched.count == 0 && needs_own_line(input)) {
      const std::string_view indent = leading_space(input.typed);
      return with_rest(std::string(input.text) + "\n" + std::string(indent), input.rest);
    }
    return with_rest(std::string(input.text), input.rest.substr(matched.rest_end));
  }
  const std::string_view left = input.rest.substr(matched.rest_end), tail = input.text.substr(matched.text_end);
  if (is_subsequence(left, tail)) return whole(input.text, input.rest);
  return with_rest(std::string(input.text), left.substr(overlap(tail, left)));
}

// Code after the cursor: in front of a whole line the suggestion is lines above it, else a piece of the line.
Joined join_code(const JoinInput& input) {
  const std::size_t doubled = overlap(input.text, input.rest);
  std::string text(input.text.substr(0, input.text.size() - doubled));
  if (doubled == 0 && is_blank(input.typed)) return with_rest(text + "\n" + std::string(input.typed), input.rest);
  Joined joined = with_rest(std::move(text), input.rest);
  joined.fits = input.rest_seen || doubled == input.rest.size();
  return joined;
}

}  // namespace

Joined join_rest(const JoinInput& input) {
  if (is_blank(input.rest)) return {.text = std::string(input.text)};
  if (!rest_is_replaceable(input.rest)) return join_code(input);
  Joined joined = join_closers(input);
  if (is_subsequence(input.rest, joined.text)) return joined;
  // The brackets agree but blanks or punctuation between them do not: what stands there wins.
  const Brackets text = scan_brackets(input.text, scan_brackets(input.typed).quote);
  const std::size_t end = text.closers.empty() ? input.text.size() : text.closers[0].at;
  return with_rest(std::string(input.text.substr(0, end)), input.rest);
}

}  // namespace lsp

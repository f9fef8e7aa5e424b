#include "lsp/context/indentation.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "lsp/context/lines.h"

namespace lsp {
namespace {

std::string_view first_word(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && is_word_char(line[end])) ++end;
  return line.substr(0, end);
}

std::string_view last_word(std::string_view line) {
  std::size_t begin = line.size();
  while (begin > 0 && is_word_char(line[begin - 1])) --begin;
  return line.substr(begin);
}

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "for (int x :" is inside a bracket: its colon opens nothing.
bool inside_bracket(std::string_view code) {
  int depth = 0;
  for (const char c : code) depth += (c == '(' || c == '[' || c == '{') - (c == ')' || c == ']' || c == '}');
  return depth > 0;
}

constexpr std::array<std::string_view, 20> kBeforeColon = {
    "def", "class", "if", "elif", "else", "for", "while", "with", "try", "except", "finally", "async", "match", "case",
    "default", "public", "private", "protected", "switch", "when"};
constexpr std::array<std::string_view, 5> kOpeningWords = {"then", "do", "else", "begin", "repeat"};
constexpr std::array<std::string_view, 5> kClosingWords = {"end", "fi", "done", "esac", "endif"};
constexpr std::array<std::string_view, 5> kLanguagesOfWords = {"lua", "ruby", "shellscript", "elixir", "pascal"};

}  // namespace

std::string_view leading_space(std::string_view line) {
  const std::size_t end = line.find_first_not_of(" \t");
  return end == std::string_view::npos ? line : line.substr(0, end);
}

int indent_width(std::string_view line) {
  int width = 0;
  for (const char c : leading_space(line)) width += c == '\t' ? kTabWidth - width % kTabWidth : 1;
  return width;
}

bool opens_block(std::string_view line, std::string_view language) {
  const std::string_view code = trimmed(line);
  if (code.empty()) return false;
  if (code.back() == '{' || code.back() == '(' || code.back() == '[') return true;
  if (code.back() == ':') return language == "yaml" || (one_of(first_word(code), kBeforeColon) && !inside_bracket(code));
  return one_of(language, kLanguagesOfWords) && one_of(last_word(code), kOpeningWords);
}

bool closes_block(std::string_view line) {
  const std::string_view code = trimmed(line);
  if (code.empty()) return false;
  return code[0] == '}' || code[0] == ')' || code[0] == ']' || one_of(first_word(code), kClosingWords);
}

bool only_punctuation(std::string_view line) { return std::none_of(line.begin(), line.end(), is_word_char); }

IndentStyle indent_style(std::span<const std::string_view> lines) {
  int with_tabs = 0, with_spaces = 0;
  std::array<int, 9> steps{};
  int previous = 0;
  for (const std::string_view line : lines) {
    if (is_blank(line)) continue;
    const int width = indent_width(line);
    if (line[0] == '\t') ++with_tabs;
    else if (line.starts_with("  ")) ++with_spaces;
    const int step = std::abs(width - previous);
    if (step >= 2 && step <= 8) ++steps[std::size_t(step)];
    previous = width;
  }
  IndentStyle style{.tabs = with_tabs > with_spaces};
  const auto most = std::max_element(steps.begin(), steps.end());
  if (*most > 0) style.unit = int(most - steps.begin());
  return style;
}

}  // namespace lsp

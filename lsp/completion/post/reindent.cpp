#include "lsp/completion/post/reindent.h"

#include <algorithm>

#include "lsp/completion/trigger.h"

namespace lsp {
namespace {

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return lines;
    begin = end + 1;
  }
}

std::string join_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) text += (i ? "\n" : "") + lines[i];
  return text;
}

// The spaces a level takes in the suggestion itself: its smallest step.
int spaces_of(const std::vector<std::string_view>& lines) {
  int least = 0;
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (lines[i].starts_with("  ")) least = least ? std::min(least, indent_width(lines[i])) : indent_width(lines[i]);
  return std::clamp(least ? least : 4, 2, 8);
}

std::string with_tabs(std::string_view line, int unit) {
  const std::string_view lead = leading_space(line);
  if (lead.find(' ') == std::string_view::npos) return std::string(line);
  int columns = 0;
  for (const char c : lead) columns += c == '\t' ? unit : 1;
  return std::string(std::size_t(columns / unit), '\t') + std::string(std::size_t(columns % unit), ' ') + std::string(line.substr(lead.size()));
}

std::string with_spaces(std::string_view line, int unit) {
  const std::string_view lead = leading_space(line);
  std::string out;
  for (const char c : lead) out.append(c == '\t' ? std::size_t(unit) : 1, ' ');
  return out += line.substr(lead.size());
}

// How much deeper than any sensible place the first line begins: the model repeated indentation that is there.
std::size_t excess(std::string_view first, const Surroundings& around, int unit) {
  const std::size_t extra = leading_space(first).size();
  if (!is_blank(around.typed) || around.typed.empty() || extra == 0 || extra == first.size()) return 0;
  const std::string_view above = around.line_above();
  if (above.empty()) return 0;
  const int most = indent_width(above) + (opens_block(above, around.language) ? unit : 0);
  const int have = indent_width(around.typed + std::string(first));
  if (have <= most || indent_width(around.typed) > most) return indent_width(around.typed) > most ? extra : 0;
  return std::min(extra, std::size_t(have - most));
}

std::string without_columns(std::string_view line, std::size_t columns) {
  return std::string(line.substr(std::min(columns, leading_space(line).size())));
}

}  // namespace

std::string reindent(std::string_view text, const Surroundings& around) {
  const IndentStyle style = indent_style(around.nearby());
  const std::vector<std::string_view> lines = split_lines(text);
  const int unit = style.tabs ? spaces_of(lines) : style.unit;
  const bool mixed = style.tabs || text.find('\t') != std::string_view::npos;
  const std::size_t too_deep = style.tabs ? 0 : excess(lines[0], around, style.unit);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool indents = i > 0 || is_blank(around.typed);
    std::string line(lines[i]);
    if (indents && mixed && !around.nearby().empty()) line = style.tabs ? with_tabs(line, unit) : with_spaces(line, unit);
    if (too_deep > 0) line = without_columns(line, too_deep);
    out.push_back(std::move(line));
  }
  return join_lines(out);
}

}  // namespace lsp

#include "lsp/handlers/placement.h"

#include <algorithm>
#include <array>
#include <string>

namespace lsp {
namespace {

// Every editor built on VS Code shows suggestions with its code, whatever it calls itself.
constexpr std::array kLikeVsCode = {"visual studio code", "vscode", "code-server", "code - oss", "code-oss", "codium",
                                    "cursor",             "windsurf", "positron",  "theia",      "trae"};

std::string lowercase(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// Document bytes [begin, end) become `text`.
struct Bytes {
  std::size_t begin = 0, end = 0;
  std::string text;
};

// VS Code (1.139) shows nothing where the replaced text holds a character of two UTF-16 units: begin behind the last one.
std::size_t behind_surrogates(std::string_view document, std::size_t begin, std::size_t end) {
  for (std::size_t at = end; at > begin; --at)
    if ((static_cast<unsigned char>(document[at - 1]) & 0xF8) == 0xF0) return std::min(end, at + 3);
  return begin;
}

Bytes widen_to_line_start(const Suggestion& s, std::string_view document, std::size_t line_begin, std::size_t cursor) {
  std::string text = std::string(document.substr(line_begin, s.begin - line_begin)) + s.text;
  const std::size_t begin = behind_surrogates(document, line_begin, cursor);
  const std::string_view left_out = document.substr(line_begin, begin - line_begin);
  if (!text.starts_with(left_out)) return {line_begin, s.end, std::move(text)};
  return {begin, s.end, text.substr(left_out.size())};
}

Bytes narrow_to_cursor(const Suggestion& s, std::string_view document, std::size_t cursor) {
  const std::string_view typed = document.substr(s.begin, cursor - s.begin);
  if (!s.text.starts_with(typed)) return {s.begin, s.end, s.text};
  const std::string_view text = std::string_view(s.text).substr(typed.size()), rest = document.substr(cursor, s.end - cursor);
  // What stands after the cursor and comes again at the end can stay where it is.
  if (text.ends_with(rest)) return {cursor, cursor, std::string(text.substr(0, text.size() - rest.size()))};
  return {cursor, s.end, std::string(text)};
}

}  // namespace

RangeStyle range_style(std::string_view client_name) {
  const std::string name = lowercase(client_name);
  const bool like = std::ranges::any_of(kLikeVsCode, [&](const char* known) { return name.find(known) != std::string::npos; });
  return like ? RangeStyle::FromLineStart : RangeStyle::FromCursor;
}

bool wants_plain_line_ends(std::string_view client_name) { return lowercase(client_name) == "neovim"; }

std::optional<InlineItem> place_item(const Suggestion& s, const Query& query, RangeStyle style, PositionEncoding encoding) {
  const std::string_view document = query.document.text();
  const LineIndex lines(document);
  const std::size_t line = lines.line_of(query.cursor), line_begin = lines.line_begin(line);
  const bool on_line = line_begin <= s.begin && s.begin <= query.cursor && query.cursor <= s.end &&
                       s.end <= lines.line_end(document, line);
  // Some editors' JSON readers refuse a NUL in a string, and then wait for an answer that has come.
  if (!on_line || s.text.find('\0') != std::string::npos) return std::nullopt;
  Bytes replacement{s.begin, s.end, s.text};
  // The popup's item prescribes the range: what has another one is not shown.
  if (!query.selected && style == RangeStyle::FromLineStart) replacement = widen_to_line_start(s, document, line_begin, query.cursor);
  if (!query.selected && style == RangeStyle::FromCursor) replacement = narrow_to_cursor(s, document, query.cursor);
  if (replacement.text == document.substr(replacement.begin, replacement.end - replacement.begin)) return std::nullopt;
  return InlineItem{{lines.place(document, replacement.begin, encoding), lines.place(document, replacement.end, encoding)},
                    std::move(replacement.text),
                    {}};
}

}  // namespace lsp

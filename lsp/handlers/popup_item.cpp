#include "lsp/handlers/popup_item.h"

#include <algorithm>

#include "lsp/context/lines.h"

namespace lsp {
namespace {

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find_first_of("\r\n"))); }

// The first line with something on it, where the suggestion begins with a line end.
std::string label_of(std::string_view text) {
  std::string label(trimmed_end(first_line(text)));
  return label.empty() ? std::string(trimmed(first_line(trimmed(text)))) : label;
}

std::optional<std::string> without_indentation(std::string_view text, std::string_view indentation) {
  std::string out(text.substr(0, text.find('\n')));
  for (std::size_t at = out.size(); at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at + 1), text.size());
    std::string_view line = text.substr(at + 1, end - at - 1);
    if (line.starts_with(indentation)) line.remove_prefix(indentation.size());
    else if (!is_blank(line)) return std::nullopt;
    out.append(1, '\n').append(line);
    at = end;
  }
  return out;
}

}  // namespace

std::optional<PopupItem> popup_item(const Suggestion& s, const Query& query, PositionEncoding encoding) {
  const std::string_view document = query.document.text();
  std::size_t word = query.cursor;
  while (word > s.begin && is_word_char(document[word - 1])) --word;
  const std::string_view typed = document.substr(s.begin, query.cursor - s.begin);
  std::string_view text = s.text;
  if (!text.starts_with(typed) || text.find('\0') != std::string_view::npos) return std::nullopt;
  text.remove_prefix(word - s.begin);
  // What stands after the cursor and comes again at the end stays where it is: some editors replace nothing after the cursor.
  std::size_t end = s.end;
  const std::string_view rest = document.substr(query.cursor, s.end - query.cursor);
  if (!rest.empty() && text.size() >= rest.size() + (query.cursor - word) && text.ends_with(rest)) {
    text.remove_suffix(rest.size());
    end = query.cursor;
  }
  if (text == document.substr(word, end - word)) return std::nullopt;
  PopupItem out;
  out.label = label_of(text);
  if (out.label.empty()) return std::nullopt;
  const LineIndex lines(document);
  out.span = {lines.place(document, word, encoding), lines.place(document, end, encoding)};
  out.text = text;
  const std::string_view line = slice(document, line_at(document, query.cursor));
  out.unindented = without_indentation(text, line.substr(0, std::min(line.find_first_not_of(" \t"), line.size())));
  return out;
}

std::string snippet_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '$' || c == '}' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace lsp

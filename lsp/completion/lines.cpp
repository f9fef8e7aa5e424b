#include "lsp/completion/lines.h"

#include <algorithm>

namespace lsp::inline completion_lines {
namespace {

constexpr std::string_view kWhite = " \t\r\n\f\v";
constexpr std::string_view kEnds = "\r\n";

std::size_t line_start(std::string_view text, std::size_t at) {
  const std::size_t end = at == 0 ? std::string_view::npos : text.find_last_of(kEnds, at - 1);
  return end == std::string_view::npos ? 0 : end + 1;
}

std::size_t line_end(std::string_view text, std::size_t at) { return std::min(text.find_first_of(kEnds, at), text.size()); }

}  // namespace

std::string_view line_before(std::string_view text, std::size_t cursor) {
  const std::size_t start = line_start(text, cursor);
  return text.substr(start, cursor - start);
}

std::string_view line_after(std::string_view text, std::size_t cursor) { return text.substr(cursor, line_end(text, cursor) - cursor); }

std::string_view trimmed_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kWhite);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhite);
  return first == std::string_view::npos ? std::string_view() : trimmed_end(text.substr(first));
}

bool blank(std::string_view text) { return text.find_first_not_of(kWhite) == std::string_view::npos; }

std::size_t indentation(std::string_view line) {
  std::size_t column = 0;
  for (const char c : line) {
    if (c == ' ') ++column;
    else if (c == '\t') column = column / 4 * 4 + 4;
    else break;
  }
  return column;
}

std::string_view previous_line(std::string_view text, std::size_t cursor) {
  std::size_t start = line_start(text, cursor);
  while (start > 0) {
    const std::size_t end = start - 1;
    start = line_start(text, end);
    if (const std::string_view line = text.substr(start, end - start); !blank(line)) return line;
  }
  return {};
}

std::string_view next_line(std::string_view text, std::size_t cursor) {
  std::size_t at = line_end(text, cursor);
  while (at < text.size()) {
    const std::size_t end = line_end(text, at + 1);
    if (const std::string_view line = text.substr(at + 1, end - at - 1); !blank(line)) return line;
    at = end;
  }
  return {};
}

bool opens_block(std::string_view line) {
  line = trimmed_end(line);
  if (line.empty()) return false;
  return std::string_view("{([:").find(line.back()) != std::string_view::npos || line.ends_with("=>") || line.ends_with("->");
}

std::string with_newlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') out += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n') out += '\n';
  }
  return out;
}

bool uses_crlf(std::string_view text) {
  const std::size_t newline = text.find('\n');
  return newline != std::string_view::npos && newline > 0 && text[newline - 1] == '\r';
}

}  // namespace lsp

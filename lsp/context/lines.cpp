#include "lsp/context/lines.h"

namespace lsp {
namespace {

bool is_end(char c) { return c == '\n' || c == '\r'; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::size_t snap_to_character(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return text.size();
  while (offset > 0 && is_continuation(text[offset])) --offset;
  if (offset > 0 && text[offset] == '\n' && text[offset - 1] == '\r') --offset;
  return offset;
}

LineRange line_at(std::string_view text, std::size_t offset) {
  LineRange line{offset, offset};
  while (line.begin > 0 && !is_end(text[line.begin - 1])) --line.begin;
  while (line.end < text.size() && !is_end(text[line.end])) ++line.end;
  return line;
}

std::string_view slice(std::string_view text, LineRange line) { return text.substr(line.begin, line.end - line.begin); }

std::size_t after_line_end(std::string_view text, std::size_t line_end) {
  if (line_end >= text.size()) return text.size();
  return line_end + (text.substr(line_end, 2) == "\r\n" ? 2 : 1);
}

std::vector<std::string_view> lines_above(std::string_view text, LineRange line, std::size_t most) {
  std::vector<std::string_view> lines;
  while (lines.size() < most && line.begin > 0) {
    const std::size_t end = line.begin - (line.begin > 1 && text.substr(line.begin - 2, 2) == "\r\n" ? 2 : 1);
    line = line_at(text, end);
    lines.push_back(slice(text, line));
  }
  return lines;
}

std::vector<std::string_view> lines_below(std::string_view text, LineRange line, std::size_t most) {
  std::vector<std::string_view> lines;
  while (lines.size() < most && line.end < text.size()) {
    line = line_at(text, after_line_end(text, line.end));
    lines.push_back(slice(text, line));
  }
  return lines;
}

std::string_view line_end_near(std::string_view text, LineRange line) {
  std::size_t end = line.end;
  if (end == text.size() && line.begin > 0)
    end = line.begin - (line.begin > 1 && text.substr(line.begin - 2, 2) == "\r\n" ? 2 : 1);
  if (end == text.size()) return "\n";
  return text.substr(end, after_line_end(text, end) - end);
}

std::string with_plain_line_ends(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') plain += text[i];
    else if (text.substr(i, 2) != "\r\n") plain += '\n';
  }
  return plain;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string_view trimmed_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

std::string_view trimmed(std::string_view text) {
  const std::string_view rest = trimmed_end(text);
  return rest.empty() ? rest : rest.substr(rest.find_first_not_of(" \t\r\n"));
}

bool is_word_char(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace lsp

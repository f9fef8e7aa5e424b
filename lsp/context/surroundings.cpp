#include "lsp/context/surroundings.h"

namespace lsp {
namespace {

constexpr std::size_t kLinesAbove = 64, kLinesBelow = 16;

std::string_view first_with_text(const std::vector<std::string_view>& lines) {
  for (const std::string_view line : lines)
    if (!is_blank(line)) return line;
  return {};
}

bool around(const Replacement& selected, LineRange line, std::size_t cursor) {
  return line.begin <= selected.begin && selected.begin <= cursor && cursor <= selected.end && selected.end <= line.end &&
         selected.text.find_first_of("\r\n") == std::string::npos && !selected.text.empty();
}

}  // namespace

std::string_view Surroundings::line_above() const { return first_with_text(above); }
std::string_view Surroundings::line_below() const { return first_with_text(below); }

std::vector<std::string_view> Surroundings::nearby() const {
  std::vector<std::string_view> lines(above.rbegin(), above.rend());
  lines.insert(lines.end(), below.begin(), below.end());
  return lines;
}

Surroundings look_around(std::string_view text, std::size_t cursor, std::string_view language,
                         const std::optional<Replacement>& selected) {
  Surroundings out;
  out.cursor = snap_to_character(text, cursor);
  out.line = line_at(text, out.cursor);
  std::size_t typed_end = out.cursor, rest_begin = out.cursor;
  if (selected && around(*selected, out.line, out.cursor)) {
    out.selected = selected;
    typed_end = selected->begin;
    rest_begin = selected->end;
  }
  out.typed = text.substr(out.line.begin, typed_end - out.line.begin);
  if (out.selected) out.typed += out.selected->text;
  out.rest = text.substr(rest_begin, out.line.end - rest_begin);
  out.above = lines_above(text, out.line, kLinesAbove);
  out.below = lines_below(text, out.line, kLinesBelow);
  out.line_end = line_end_near(text, out.line);
  out.language = language;
  return out;
}

}  // namespace lsp

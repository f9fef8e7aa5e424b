#include "lsp/context/neighbours.h"

#include "lsp/context/lines.h"

namespace lsp {
namespace {

constexpr std::string_view kBetween = "\n\n";

std::string commented(std::string_view text, std::string_view comment) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const LineRange line = line_at(text, at);
    if (!out.empty()) out += '\n';
    out.append(comment).append(line.begin < line.end ? " " : "").append(slice(text, line));
    at = after_line_end(text, line.end);
    if (line.end == text.size()) break;
  }
  return out;
}

std::string cell_text(const CellText& cell, std::string_view language, std::string_view comment) {
  const std::string_view text = trimmed_end(cell.text);
  const bool as_it_is = comment.empty() || (cell.code && cell.language == language);
  return as_it_is ? std::string(text) : commented(text, comment);
}

}  // namespace

Neighbours join_cells(std::span<const CellText> cells, std::size_t index, std::string_view comment) {
  Neighbours out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i == index || is_blank(cells[i].text)) continue;
    const std::string text = cell_text(cells[i], cells[index].language, comment);
    if (i < index) out.above.append(text).append(kBetween);
    else out.below.append(kBetween).append(text);
  }
  return out;
}

Widened widen(std::string_view text, const Surroundings& around, const Neighbours& neighbours) {
  Widened out{.text = neighbours.above + std::string(text) + neighbours.below, .around = around};
  const std::size_t by = neighbours.above.size();
  out.around.cursor += by;
  out.around.line.begin += by;
  out.around.line.end += by;
  if (out.around.selected) out.around.selected->begin += by, out.around.selected->end += by;
  return out;
}

}  // namespace lsp

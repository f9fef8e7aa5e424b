#include "lsp/completion/text_stop.h"

#include "lsp/completion/lines.h"

namespace lsp {
namespace {

bool closes_block(std::string_view line) {
  line = trimmed(line);
  return !line.empty() && (std::string_view("})]").find(line.front()) != std::string_view::npos || line == "end" || line == "fi" || line == "done");
}

}  // namespace

bool TextStop::cut(std::size_t at, std::string_view why) {
  text_.resize(at);
  why_ = why;
  return true;
}

// Whether the suggestion ends at this finished line; `start` is where it begins in the text.
bool TextStop::ends_at_line(std::string_view line, std::size_t start) {
  const bool first = lines_ == 0;
  const std::string whole = (first ? limits_.first_line_start : std::string()) + std::string(line);
  const std::string_view content = trimmed(whole);
  if (!limits_.next_line.empty() && content == limits_.next_line && content.size() > 1) return cut(start, "the line below the cursor");
  if (!first && content.size() > 3 && content == previous_) return cut(start, "a repeated line");
  if (!first && blank(line) && !blank(text_.substr(0, start))) return cut(start, "a blank line");
  if (!first && !blank(line)) {
    const std::size_t indent = indentation(line);
    const bool outside = limits_.block_opened ? indent <= limits_.base_indentation : indent < limits_.base_indentation;
    if (outside && closes_block(line) && indent == limits_.base_indentation && !limits_.next_line.starts_with(content.substr(0, 1)))
      return cut(start + trimmed_end(line).size(), "the block is closed");
    if (outside) return cut(start, "the block is over");
  }
  previous_ = std::string(content);
  return ++lines_ >= limits_.max_lines ? cut(start + line.size(), "enough lines") : false;
}

bool TextStop::push(std::string_view piece) {
  text_ += piece;
  if (const std::size_t fence = text_.find("```"); fence != std::string::npos) return cut(fence, "a markdown fence");
  for (std::size_t end; (end = text_.find('\n', line_start_)) != std::string::npos; line_start_ = end + 1) {
    if (limits_.single_line) return cut(end, "the line is done");
    const std::string line = text_.substr(line_start_, end - line_start_);
    if (ends_at_line(line, line_start_)) return true;
  }
  return false;
}

}  // namespace lsp

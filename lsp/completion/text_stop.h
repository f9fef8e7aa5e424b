// text_stop.h: while the text streams in: where the suggestion ends.
// push() each piece; true means that no more is wanted, and text() is then what to keep. A line in single-line mode; a block in
// multi-line mode: until its scope closes, a blank line, the line that stands below the cursor, a repeated line, or too many.
// One object a generation; pure in what it is given.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lsp {

struct StopLimits {
  bool single_line = true;
  int max_lines = 12;
  std::size_t base_indentation = 0;  // of the block being written: a line further left ends it
  bool block_opened = false;         // the text before the cursor opens a block, at base_indentation
  std::string next_line;             // what stands below the cursor, trimmed: never written again
  std::string first_line_start;      // what is typed of the cursor's line, so that a first line is compared whole
};

class TextStop {
 public:
  explicit TextStop(StopLimits limits) : limits_(std::move(limits)) {}
  bool push(std::string_view piece);
  const std::string& text() const { return text_; }
  std::string_view why() const { return why_; }

 private:
  bool ends_at_line(std::string_view line, std::size_t start);
  bool cut(std::size_t at, std::string_view why);
  StopLimits limits_;
  std::string text_;
  std::size_t line_start_ = 0;  // of the line being written
  int lines_ = 0;               // finished ones
  std::string previous_;        // the finished line before, trimmed
  std::string_view why_ = "the model ended";
};

}  // namespace lsp

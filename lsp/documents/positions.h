// positions.h: lines and columns as editors count them, to byte offsets and back.
// A LineIndex holds where the lines of one text begin; the text itself is passed in again, so one index serves any holder.
// Lines end at \n, \r\n or \r. Nothing is out of range: a column past the end is the line's end, a line past the last is
// the text's end, a column inside a character is the character's start. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace lsp {

// What a column counts. The editor and the server agree on one when they meet.
enum class PositionEncoding { Utf8, Utf16, Utf32 };

struct LineColumn {
  std::size_t line = 0, column = 0;  // from 0
  bool operator==(const LineColumn&) const = default;
};

class LineIndex {
 public:
  LineIndex() = default;
  explicit LineIndex(std::string_view text) { rebuild_from(text, 0); }

  std::size_t lines() const { return starts_.size(); }
  std::size_t line_of(std::size_t offset) const;
  std::size_t line_begin(std::size_t line) const { return starts_[line]; }
  std::size_t line_end(std::string_view text, std::size_t line) const;  // before its \n, \r\n or \r

  std::size_t offset(std::string_view text, LineColumn place, PositionEncoding encoding) const;
  LineColumn place(std::string_view text, std::size_t offset, PositionEncoding encoding) const;

  // The text changed at `offset` or later: `text` is how it reads now.
  void rebuild_from(std::string_view text, std::size_t offset);

 private:
  std::vector<std::size_t> starts_ = {0};
};

}  // namespace lsp

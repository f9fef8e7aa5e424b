// lines.h: looking at lines around a byte of a text without an index of all its lines.
// cursor_line() first; line_before() and line_after() walk away from it. Lines end at \n, \r\n or \r.
// Pure functions over views of the caller's text; none reads more than the lines it returns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lsp {

struct LineRange {
  std::size_t begin = 0, end = 0;  // bytes; `end` is before the line's end mark
};

// A place where a character starts and no line end is split, at or just before `offset`.
std::size_t snap_to_character(std::string_view text, std::size_t offset);

// The line that holds `offset` (a place snap_to_character() gives).
LineRange line_at(std::string_view text, std::size_t offset);

std::string_view slice(std::string_view text, LineRange line);

// The start of the line after one that ends at `line_end`; text.size() where there is none.
std::size_t after_line_end(std::string_view text, std::size_t line_end);

// Up to `most` lines before / after `line`, nearest first.
std::vector<std::string_view> lines_above(std::string_view text, LineRange line, std::size_t most);
std::vector<std::string_view> lines_below(std::string_view text, LineRange line, std::size_t most);

// The end mark the file uses here: of this line, else of the line above, else "\n".
std::string_view line_end_near(std::string_view text, LineRange line);

// The text with every line end as "\n": what a model sees.
std::string with_plain_line_ends(std::string_view text);

bool is_blank(std::string_view text);           // spaces, tabs and line ends only
std::string_view trimmed(std::string_view text);
std::string_view trimmed_end(std::string_view text);
bool is_word_char(char c);                      // letters, digits, _, and every byte of a non-ASCII character

}  // namespace lsp

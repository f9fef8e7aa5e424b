// indentation.h: what a line's indentation and its last and first words say about blocks, in any language.
// opens_block() and closes_block() look at one line; indent_style() at some lines of a file.
// Pure functions; guesses, right for ordinary code: nothing here parses.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lsp {

constexpr int kTabWidth = 4;  // only ever compared with other lines of the same file

std::string_view leading_space(std::string_view line);
int indent_width(std::string_view line);  // columns of leading_space(), a tab to the next multiple of kTabWidth

// The next line belongs to a block that this line opens: "{", "(", "[", a keyword with ":", "then", "do".
bool opens_block(std::string_view line, std::string_view language);

// The line ends a block: "}", "})", "]", "end", "fi", "done".
bool closes_block(std::string_view line);

// Only closing brackets and punctuation: equal lines of this kind mean nothing.
bool only_punctuation(std::string_view line);

struct IndentStyle {
  bool tabs = false;
  int unit = 4;  // spaces a level takes; where tabs is false
};
IndentStyle indent_style(std::span<const std::string_view> lines);

}  // namespace lsp

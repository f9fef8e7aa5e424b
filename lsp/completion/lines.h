// lines.h: small questions about lines that several stages ask. Pure functions over UTF-8; a line ends at \n or \r.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lsp::inline completion_lines {

std::string_view line_before(std::string_view text, std::size_t cursor);  // from the line's start to the cursor
std::string_view line_after(std::string_view text, std::size_t cursor);   // from the cursor to the line's end
std::string_view trimmed(std::string_view text);
std::string_view trimmed_end(std::string_view text);
bool blank(std::string_view text);

// Columns of leading white space; a tab counts to the next multiple of four.
std::size_t indentation(std::string_view line);

// The nearest line above / below the cursor's that is not blank; empty where there is none.
std::string_view previous_line(std::string_view text, std::size_t cursor);
std::string_view next_line(std::string_view text, std::size_t cursor);

// Whether code goes on in a block after this line: it ends with an opening bracket, a colon or an arrow.
bool opens_block(std::string_view line);

// "\r\n" and lone "\r" become "\n": what models are trained on.
std::string with_newlines(std::string_view text);
bool uses_crlf(std::string_view text);

}  // namespace lsp

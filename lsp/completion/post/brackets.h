// brackets.h: which brackets and quotes of a piece of code are open, and which close something outside it.
// scan_brackets() any piece; `quote` says that it begins inside a string.
// Pure; a guess that needs no grammar: strings end at their line's end, a ' after a letter is an apostrophe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lsp {

struct Closer {
  std::size_t at = 0;
  char mark = 0;  // ) ] } or the quote that ends the string the piece begins in
};

struct Brackets {
  std::vector<Closer> closers;  // that close what was opened before the piece, in order
  std::string open;             // what the piece leaves open, as the marks that would close it, innermost last
  char quote = 0;               // the string the piece ends in; 0: none
};

Brackets scan_brackets(std::string_view code, char quote = 0);

}  // namespace lsp

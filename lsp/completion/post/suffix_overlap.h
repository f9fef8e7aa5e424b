// suffix_overlap.h: how much of the text after the cursor a suggestion writes again, and so must replace.
//   f(a|)  with "b)"  ->  1: the suggestion's own bracket stands for the editor's
// Editors show an overwriting suggestion only if it holds every character it overwrites, in order; so does this. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace lsp {

// Bytes of `rest` (the cursor's line from the cursor on) that `text` closes itself. Brackets that the text opens are its own.
std::size_t suffix_overlap(std::string_view text, std::string_view rest);

}  // namespace lsp

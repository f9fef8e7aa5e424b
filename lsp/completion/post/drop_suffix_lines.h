// drop_suffix_lines.h: takes back the last lines of a suggestion that already stand below the cursor (a closing brace, say).
#pragma once

#include <string>
#include <string_view>

namespace lsp {

// `below`: the document from the cursor's line end on.
std::string drop_suffix_lines(std::string text, std::string_view below);

}  // namespace lsp

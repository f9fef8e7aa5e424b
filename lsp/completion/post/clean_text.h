// clean_text.h: the text without what no source file should get: it ends at the first control character, and in no blanks.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace lsp {

std::string clean_text(std::string_view text);

}  // namespace lsp

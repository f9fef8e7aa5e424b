// balance_brackets.h: a suggestion that closes no bracket that nobody opened.
// It ends before the first closing bracket that neither the code before the cursor nor the suggestion itself has opened.
// Pure. Looks at the lines of Surroundings only; where those close more than they open it changes nothing.
#pragma once

#include <string>
#include <string_view>

#include "lsp/context/surroundings.h"

namespace lsp {

std::string balance_brackets(std::string_view text, const Surroundings& around);

}  // namespace lsp

// reindent.h: a suggestion's lines indented as the file is: tabs or spaces, and not deeper than the cursor's line may be.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "lsp/context/indentation.h"
#include "lsp/context/surroundings.h"

namespace lsp {

std::string reindent(std::string_view text, const Surroundings& around);

}  // namespace lsp

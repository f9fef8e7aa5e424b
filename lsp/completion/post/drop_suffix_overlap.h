// drop_suffix_overlap.h: a suggestion without the lines that stand below the cursor already.
// Pure. The rest of the cursor's own line is join_rest.h's.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lsp {

// `below`: the lines after the cursor's, nearest first.
std::string drop_suffix_overlap(std::string_view text, std::span<const std::string_view> below);

}  // namespace lsp

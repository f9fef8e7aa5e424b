// reject_noise.h: whether a suggestion is worth showing at all.
// noise_in() gives the reason to refuse it, empty where there is none.
// Pure. The repetition test is a shortest-period test (Knuth, Morris and Pratt) over words and marks.
#pragma once

#include <string_view>

#include "lsp/context/surroundings.h"

namespace lsp {

// `text` follows the cursor; `asked_for` lets very short ones pass.
std::string_view noise_in(std::string_view text, const Surroundings& around, bool asked_for);

// Whether the text's end says the same short thing over and over.
bool is_repetitive(std::string_view text);

}  // namespace lsp

// regex_syntax.h: a pattern written for Oniguruma (as the `tokenizers` library runs them), rewritten to mean the same to PCRE2.
// to_pcre2() once for each pattern, at load. What it cannot say is Unsupported.
// Pure. Source: Oniguruma's doc/RE (Ruby syntax) and pcre2pattern(3); where they differ was measured over all of Unicode.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tokenizer {

base::Result<std::string> to_pcre2(std::string_view pattern);

}  // namespace tokenizer

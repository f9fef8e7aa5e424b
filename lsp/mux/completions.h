// completions.h: two answers to textDocument/completion as one list.
// merged_completions() puts our entries first and marks them, so that completionItem/resolve comes back to whoever made the
// entry: is_own_entry(). Defaults that the language server gives for its list do not reach our entries.
// Pure; an answer that is no completion list counts as an empty one.
#pragma once

#include "base/json.h"

namespace lsp {

base::Json merged_completions(const base::Json& child, const base::Json& own);
bool is_own_entry(const base::Json& item);

}  // namespace lsp

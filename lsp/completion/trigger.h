// trigger.h: whether a suggestion can help where the cursor is, and whether it may be longer than a line.
// classify() before anything is computed; `why` says which rule spoke, for people.
// Pure. A suggestion the user asked for (Explicit) is always tried.
#pragma once

#include <string_view>

#include "lsp/completion/pipeline.h"
#include "lsp/completion/settings.h"
#include "lsp/context/surroundings.h"

namespace lsp {

struct Trigger {
  bool wanted = true;
  bool block = false;  // several lines may be suggested
  std::string_view why;
};

Trigger classify(std::string_view text, const Surroundings& around, Invocation invocation, const CompletionSettings& settings);

// The line a suggested block belongs to: the cursor's line where it opens one, or, on a blank line, the line above that
// does. An open call or list on the cursor's own line is none: its arguments belong to the line. Empty where the suggestion goes on with lines of the same depth.
std::string_view opener_of(const Surroundings& around);

}  // namespace lsp

// postprocess.h: from what a model wrote to an edit an editor can show: the list of steps of post/, in order.
// postprocess() gives a Suggestion, or the reason why there is none; `steps` names those that changed the text.
// Pure. The suggestion begins with the cursor's line (with the cursor, where the line is very long or an item is chosen), holds
// what is typed, and reaches to the line's end where something stands after the cursor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/completion/pipeline.h"
#include "lsp/context/surroundings.h"

namespace lsp {

struct Postprocessed {
  std::optional<Suggestion> suggestion;
  std::string why_not;  // where there is none
  std::vector<std::string> steps;
};

struct PostOptions {
  Invocation invocation = Invocation::Automatic;
  bool rest_seen = true;  // the model was shown what stands after the cursor
};

// `text` follows the cursor (with a selected item: follows its text).
Postprocessed postprocess(std::string_view text, const Surroundings& around, const PostOptions& options);

}  // namespace lsp

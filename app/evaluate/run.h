// run.h: the server's own pipeline asked at every hole of a folder, and what it said there compared with what stood there.
// answer_holes() with a model and, where it may copy, the folder's index; each hole's file is hidden from the index and seen as it is
// without what was taken out. One thread, in order. Errors: the pipeline's, naming the place.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/evaluate/folder.h"
#include "app/evaluate/metrics.h"
#include "lsp/completion/pipeline.h"

namespace app {

struct Asked {
  const lsp::Model& model;
  const lsp::CompletionSettings& settings;
  const engine::NgramIndex* workspace = nullptr;  // null: nothing to copy from
  const lsp::DocumentPaths* paths = nullptr;      // of its files
};

base::Result<std::vector<Outcome>> answer_holes(const Folder& folder, const std::vector<Hole>& holes, const Slices& slices, const Asked& asked,
                                                const std::function<void(double fraction)>& progress);

// What an editor would ask with the cursor in the hole.
lsp::Query query_at(const Folder& folder, const SourceFile& file, const Hole& hole);

// Without blanks at line ends, which say nothing, and without empty lines at the end.
std::string tidied(std::string_view text);

}  // namespace app

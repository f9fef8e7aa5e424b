#include "app/workspace.h"

#include "app/console.h"

namespace app {

namespace fs = std::filesystem;

fs::path workspace_of(const fs::path& file) {
  const fs::path own = fs::absolute(file).lexically_normal().parent_path();
  std::error_code ignored;
  for (fs::path at = own; at.has_relative_path(); at = at.parent_path())
    if (fs::exists(at / ".git", ignored)) return at;
  return own;
}

base::Result<std::unique_ptr<lsp::WorkspaceIndex>> read_workspace(const fs::path& root,
                                                                  std::shared_ptr<const tokenizer::Tokenizer> tokenizer) {
  auto index = lsp::WorkspaceIndex::open(root, lsp::index_folder(root), std::move(tokenizer));
  if (!index) return base::forward(index);
  ProgressBar bar("reading the workspace");
  (*index)->refresh();
  while ((*index)->busy()) {
    (*index)->step();
    bar.show((*index)->progress());
  }
  while ((*index)->tidy()) continue;
  if (auto done = (*index)->save(); !done) note(fmt::format("the index is not kept: {}", done.error().message));
  return index;
}

}  // namespace app

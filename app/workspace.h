// workspace.h: the workspace's index for commands: made or brought up to date before it is used.
// workspace_of() says which folder a file belongs to; read_workspace() gives its index, kept for the next time.
// Tells progress on stderr. Errors are one sentence naming the folder.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "lsp/index/workspace_index.h"

namespace app {

// The nearest folder above that holds .git, else the file's own.
std::filesystem::path workspace_of(const std::filesystem::path& file);

base::Result<std::unique_ptr<lsp::WorkspaceIndex>> read_workspace(const std::filesystem::path& root,
                                                                  std::shared_ptr<const tokenizer::Tokenizer> tokenizer);

}  // namespace app

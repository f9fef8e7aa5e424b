// git_history.h: earlier versions of a folder's files, from its git history: how its people write, beyond what stands there now.
// past_versions(folder) asks `git` for the latest commits' versions below the folder, newest first; nothing where there is no git.
// Reads only; no hook, pager or filter of the repository runs. Texts are as stored: the caller chooses among them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace app {

struct PastVersion {
  std::string path;  // below the folder, '/' between folders
  std::string text;
};

struct HistoryLimits {
  int commits = 500;
  std::size_t versions_each = 3, versions = 2000;  // of one file; in all
};

base::Result<std::vector<PastVersion>> past_versions(const std::filesystem::path& folder, const HistoryLimits& limits = {});

}  // namespace app

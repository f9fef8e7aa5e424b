// listing.h: what a repository of the hub holds, read from the two forms in which hubs answer.
// parse_revision(): /api/models/O/N/revision/R; parse_tree(): /api/models/O/N/tree/R?recursive=1. A path that leads out
// of a folder (absolute, "..", backslashes, control characters) makes the whole listing an error. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace app {

struct RemoteFile {
  std::string path;
  std::int64_t size = -1;   // -1: the hub does not say
  std::string sha256, git;  // lower-case hex; empty where not known. `git` is that of the pointer where there is a sha256
  // What must be equal for a part of the file from an earlier run to be of use; empty: never.
  std::string identity() const { return !sha256.empty() ? "sha256:" + sha256 : !git.empty() ? "git:" + git : ""; }
};

struct Listing {
  std::string commit;  // 40 hex digits, or empty where the hub does not say
  std::vector<RemoteFile> files;
  bool complete = false;  // the sizes are there
};

base::Result<Listing> parse_revision(std::string_view json, std::string_view what);
base::Result<Listing> parse_tree(std::string_view json, std::string_view what);
bool safe_path(std::string_view path);

}  // namespace app

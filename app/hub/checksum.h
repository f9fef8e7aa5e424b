// checksum.h: whether a file is what the hub says: SHA-256, or git's SHA-1 of a blob for files that are not in LFS.
// file_sha256() and file_git_sha1() read the file once, asking `go_on` between blocks; hex in lower case. Any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"

namespace app {

using GoOn = std::function<bool(std::int64_t bytes_read)>;  // false: stop, the result is Cancelled

base::Result<std::string> file_sha256(const std::filesystem::path& path, const GoOn& go_on);
base::Result<std::string> file_git_sha1(const std::filesystem::path& path, const GoOn& go_on);

}  // namespace app

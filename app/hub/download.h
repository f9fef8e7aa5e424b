// download.h: files of a repository, fetched in ranges over a few connections into their Partials.
// download() returns when every byte is there, or says what stands in the way; what arrived is kept either way.
// A server that ignores ranges, cuts connections or lies about lengths costs time, not correctness: offsets are checked
// here, contents by their checksum later. Blocks; one thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/hub/fetch.h"
#include "app/hub/partial.h"

namespace app {

struct Download {
  RemoteFile file;
  std::string url;  // at the hub
  Partial partial;
};

base::Result<void> download(Session& session, std::vector<Download>& files, const std::function<void(std::int64_t bytes_done)>& progress);

}  // namespace app

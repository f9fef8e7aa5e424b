// record.h: what a folder of the store was fetched from: .rigpilot.json beside the model's files.
// read_record() of a folder or of a pull that is under way; write_record() replaces it atomically. A folder without one
// was put there by its user and is left alone.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace app {

struct Record {
  std::string hub, repository, revision, commit;
  std::map<std::string, std::string> files;  // name in the folder -> identity, checked
  std::int64_t bytes = 0;                    // of a pull under way: what it will come to
};

std::optional<Record> read_record(const std::filesystem::path& folder);
base::Result<void> write_record(const std::filesystem::path& folder, const Record& record);

}  // namespace app

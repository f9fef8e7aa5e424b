// install.h: the last step of a pull: checked files become a model of the store, all at once.
// may_install() says before anything is fetched whether something of the user's stands in the way; install() renames a
// folder (exchanging it with the one of before) or a GGUF file into place. Nobody sees half a model.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/hub/record.h"

namespace app {

// `gguf`: the file's name, or empty for a folder model.
base::Result<void> may_install(const std::filesystem::path& target, const std::optional<Record>& there, const std::string& gguf);

struct Installation {
  std::filesystem::path staging, target;
  bool gguf = false;
  std::vector<std::string> files;
  Record record;
};
base::Result<void> install(const Installation& what);

// Whether OWNER/NAME alone does not say which of the folder's models is meant.
bool name_needs_file(const std::filesystem::path& folder);

}  // namespace app

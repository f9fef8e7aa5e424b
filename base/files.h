// files.h: whole small files, atomic replacement, and the folders where Rigpilot keeps things.
// read_file() for text; write_file_atomic() so that a crash leaves the old file or the new one, never half of one.
// Folders follow the XDG base directory specification; nothing is created until something is written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

Result<std::string> read_file(const std::filesystem::path& path);
Result<void> write_file_atomic(const std::filesystem::path& path, std::string_view text);

std::filesystem::path data_folder();    // $XDG_DATA_HOME/rigpilot or ~/.local/share/rigpilot: models live in its models/
std::filesystem::path cache_folder();   // $XDG_CACHE_HOME/rigpilot or ~/.cache/rigpilot
std::filesystem::path config_folder();  // $XDG_CONFIG_HOME/rigpilot or ~/.config/rigpilot
std::filesystem::path executable_folder();  // where the running program lies

}  // namespace base

// run_program.h: another program run to its end: what it wrote to stdout, or why there is nothing.
// run_program({"git", "log"}, input) looks it up in PATH, without a shell; its stdin is the text, its stderr is dropped.
// Blocks the calling thread. Fails where it cannot be started, or where its exit code is not 0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace app {

base::Result<std::string> run_program(const std::vector<std::string>& command, std::string_view input);

}  // namespace app

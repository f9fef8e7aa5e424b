// set_option.h: `--set NAME=VALUE`: the settings that editors send, for commands.
// add_set_option() declares it; settings_of() reads what was given. Errors are one sentence that names the setting.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/result.h"
#include "lsp/settings.h"

namespace app {

void add_set_option(CLI::App& command, std::vector<std::string>& given);

base::Result<lsp::Settings> settings_of(const std::vector<std::string>& given);

}  // namespace app

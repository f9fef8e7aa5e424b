// model_commands.h: the subcommands of `rigpilot model` beside `info`, and what those that write models share.
// model.cpp declares them all; each lives in a file of its own: model_list.cpp, model_pull.cpp, ...
// Errors are one sentence.
#pragma once

#include <filesystem>
#include <string>

#include "app/command.h"
#include "base/formats/gguf.h"
#include "base/result.h"

namespace app {

void add_model_list(CLI::App& model, Run& run);
void add_model_pull(CLI::App& model, Run& run);
void add_model_remove(CLI::App& model, Run& run);
void add_model_quantize(CLI::App& command, Run& run);
void add_model_random(CLI::App& command, Run& run);

base::Result<base::GgmlType> parse_block_type(const std::string& name);  // "q4_0"
std::string block_type_name(base::GgmlType type);

// Fails where there is something at `path` already that must not be lost.
base::Result<void> check_free(const std::filesystem::path& path, bool force);

}  // namespace app

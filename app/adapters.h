// adapters.h: where the adapters of workspaces are kept: one folder for a workspace and a model, used by the server when it starts.
// adapter_folder() names it; installed_adapter() gives it where an adapter lies there, else nothing.
// Reads names only. Nothing else writes there but `rigpilot finetune`.
#pragma once

#include <filesystem>
#include <string>

namespace app {

std::filesystem::path adapter_folder(const std::filesystem::path& workspace, const std::string& model);
std::filesystem::path installed_adapter(const std::filesystem::path& workspace, const std::string& model);  // empty: none

}  // namespace app

// weights.h: where the real weights are that some tests run: SmolLM2-135M-Instruct as scripts/get-weights installs it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/files.h"

namespace tests {

// $RIGPILOT_SMOLLM2, or the file in the model store; nullopt where neither is there.
inline std::optional<std::filesystem::path> smollm2() {
  const char* set = std::getenv("RIGPILOT_SMOLLM2");
  const std::filesystem::path path = set && *set ? std::filesystem::path(set) : base::data_folder() / "models/SmolLM2-135M-Instruct.Q4_1.gguf";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return path;
}

}  // namespace tests

// shared_data.h: where test data lives that the project does not commit (vocabularies, reference texts).
// shared_data("tokenizers") is nullopt in a clone that lacks it; the test then says so with WARN and ends.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

namespace tests {

// $RIGPILOT_SHARED, or ../shared beside the checkout.
inline std::optional<std::filesystem::path> shared_data(std::string_view below) {
  namespace fs = std::filesystem;
  const char* set = std::getenv("RIGPILOT_SHARED");
  const fs::path root = set && *set ? fs::path(set) : fs::path(RIGPILOT_SOURCE_DIR) / ".." / "shared";
  const fs::path path = root / below;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  return path;
}

}  // namespace tests

#include "app/adapters.h"

#include <fmt/format.h>

#include "base/files.h"
#include "lsp/index/document_key.h"

namespace app {

namespace fs = std::filesystem;

fs::path adapter_folder(const fs::path& workspace, const std::string& model) {
  std::error_code unknown;
  const fs::path real = fs::weakly_canonical(workspace, unknown), root = unknown ? workspace : real;
  const std::string name = root.has_filename() ? root.filename().string() : "root";
  return base::data_folder() / "adapters" / fmt::format("{}-{:016x}", name, lsp::key_of_path(root)) / model;
}

fs::path installed_adapter(const fs::path& workspace, const std::string& model) {
  const fs::path folder = adapter_folder(workspace, model);
  std::error_code unknown;
  return fs::exists(folder / "adapter_config.json", unknown) ? folder : fs::path{};
}

}  // namespace app

#include "app/store.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/files.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

bool is_model_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) && fs::is_regular_file(path / "config.json", ignored);
}

// Models directly in `folder`, and one folder down: OWNER/NAME, as hubs name them.
void collect(const fs::path& folder, const std::string& owner, std::vector<StoredModel>& models) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const fs::path& path = entry.path();
    const std::string name = path.filename().string();
    if (name.starts_with('.')) continue;
    if (path.extension() == ".gguf" && entry.is_regular_file(ignored))
      models.push_back({owner + path.stem().string(), path, "gguf", model_bytes(path)});
    else if (is_model_folder(path))
      models.push_back({owner + name, path, "safetensors", model_bytes(path)});
    else if (owner.empty() && entry.is_directory(ignored))
      collect(path, name + "/", models);
  }
}

std::string how_to_get_one() {
  return fmt::format(
      "put a .gguf file or a Hugging Face folder into {}, or run scripts/demo, which fetches a small one",
      store_folder().string());
}

// Whether a path that exists looks like a model at all; the loader looks at what is inside.
base::Result<fs::path> check_path(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored) && !is_model_folder(path))
    return fail(ErrorCode::InvalidInput,
                "{}: a folder without config.json; expected a Hugging Face model folder or a .gguf file",
                path.string());
  if (!fs::is_directory(path, ignored) && path.extension() != ".gguf")
    return fail(ErrorCode::InvalidInput,
                "{}: expected a Hugging Face model folder or a file whose name ends in .gguf", path.string());
  return path;
}

}  // namespace

fs::path store_folder() { return base::data_folder() / "models"; }

std::uintmax_t model_bytes(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    const std::uintmax_t size = fs::file_size(path, ignored);
    return ignored ? 0 : size;
  }
  std::uintmax_t sum = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(path, ignored))
    if (file.is_regular_file(ignored)) sum += model_bytes(file.path());
  return sum;
}

std::vector<StoredModel> list_models() {
  std::vector<StoredModel> models;
  collect(store_folder(), "", models);
  std::sort(models.begin(), models.end(),
            [](const StoredModel& a, const StoredModel& b) { return a.name < b.name; });
  return models;
}

base::Result<fs::path> find_model(const std::string& wanted) {
  std::error_code ignored;
  if (!wanted.empty() && fs::exists(wanted, ignored)) return check_path(wanted);

  const std::vector<StoredModel> models = list_models();
  if (wanted.empty()) {
    if (models.empty()) return fail(ErrorCode::NotFound, "there is no model yet: {}", how_to_get_one());
    return models.front().path;
  }
  std::vector<std::string> names;
  for (const StoredModel& model : models) {
    if (model.name == wanted || model.name + ".gguf" == wanted) return model.path;
    names.push_back(model.name);
  }
  if (names.empty())
    return fail(ErrorCode::NotFound,
                "model '{}': there is no such file or folder, and the store is empty; {}", wanted,
                how_to_get_one());
  return fail(ErrorCode::NotFound, "model '{}': there is no such file or folder, and the store has only {}",
              wanted, fmt::join(names, ", "));
}

}  // namespace app

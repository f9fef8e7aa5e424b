#include "app/store.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>

#include "app/hub/hf_cache.h"
#include "app/hub/install.h"
#include "app/hub/record.h"
#include "base/files.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

constexpr std::string_view kDefault = "default";

bool is_model_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) && fs::is_regular_file(path / "config.json", ignored);
}

// GGUF files in OWNER/NAME, where `model pull` puts them: OWNER/NAME if it is the only one, else OWNER/NAME:FILE.
void collect_ggufs(const fs::path& folder, const std::string& name, std::vector<StoredModel>& models) {
  std::error_code ignored;
  const bool several = name_needs_file(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".gguf" || path.filename().string().starts_with('.') || !entry.is_regular_file(ignored)) continue;
    models.push_back({several ? name + ":" + path.stem().string() : name, path, "gguf", model_bytes(path)});
  }
}

// Of a folder's model: GGUF files beside it are models of their own.
std::uintmax_t weights_bytes(const fs::path& folder) {
  std::error_code ignored;
  std::uintmax_t sum = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, ignored))
    if (file.is_regular_file(ignored) && file.path().extension() != ".gguf") sum += model_bytes(file.path());
  return sum;
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
    else if (entry.is_directory(ignored)) {
      const bool model = is_model_folder(path);
      if (model) models.push_back({owner + name, path, "safetensors", weights_bytes(path)});
      if (!owner.empty()) collect_ggufs(path, owner + name, models);
      if (owner.empty() && !model) collect(path, name + "/", models);
    }
  }
}

std::string how_to_get_one() {
  return fmt::format(
      "fetch one with `rigpilot model pull OWNER/NAME`, put a .gguf file or a Hugging Face folder into {}, or run scripts/demo",
      store_folder().string());
}

// OWNER/NAME:FILE, whether or not the folder has others.
bool pulled_file(const StoredModel& model, const std::string& wanted) {
  const auto colon = wanted.find(':');
  if (colon == std::string::npos || model.format != "gguf") return false;
  if (!model.path.parent_path().generic_string().ends_with("/" + wanted.substr(0, colon))) return false;
  const std::string file = wanted.substr(colon + 1);
  return file == model.path.stem().string() || file == model.path.filename().string();
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

std::optional<StoredModel> default_model() {
  const fs::path here = base::executable_folder(), file = fs::path("models") / "default.gguf";
  std::error_code ignored;
  for (const fs::path& path : {here / file, here / ".." / "share" / "rigpilot" / file})  // where it was built, where it was installed
    if (fs::is_regular_file(path, ignored)) return StoredModel{std::string(kDefault), path.lexically_normal(), "gguf", model_bytes(path), false};
  return std::nullopt;
}

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

std::vector<StoredModel> cached_by_hub() {
  std::vector<StoredModel> models;
  for (const CachedModel& model : cached_models(hugging_face_cache()))
    models.push_back({model.name, model.folder, "safetensors", model_bytes(model.folder), false});
  std::sort(models.begin(), models.end(), [](const StoredModel& a, const StoredModel& b) { return a.name < b.name; });
  return models;
}

std::vector<PartialModel> list_partial() {
  std::vector<PartialModel> out;
  std::error_code ignored;
  for (const fs::directory_entry& owner : fs::directory_iterator(store_folder(), ignored))
    for (const fs::directory_entry& entry : fs::directory_iterator(owner.path(), ignored)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with('.') || !name.ends_with(".part") || !entry.is_directory(ignored)) continue;
      const auto record = read_record(entry.path());
      if (!record) continue;
      PartialModel partial{record->repository, entry.path(), 0, std::uintmax_t(std::max<std::int64_t>(0, record->bytes))};
      for (fs::recursive_directory_iterator at(entry.path(), ignored), end; at != end; at.increment(ignored)) {
        struct stat info {};
        if (::lstat(at->path().c_str(), &info) == 0 && S_ISREG(info.st_mode))
          partial.bytes += std::uintmax_t(std::min<std::int64_t>(info.st_size, std::int64_t(info.st_blocks) * 512));  // parts have holes
      }
      out.push_back(std::move(partial));
    }
  return out;
}

base::Result<fs::path> find_model(const std::string& wanted) {
  std::error_code ignored;
  if (!wanted.empty() && fs::exists(wanted, ignored)) return check_path(wanted);

  const std::vector<StoredModel> models = list_models();
  if (wanted.empty()) {
    if (const auto own = default_model()) return own->path;
    if (models.empty()) return fail(ErrorCode::NotFound, "there is no model yet: {}", how_to_get_one());
    return models.front().path;
  }
  std::vector<std::string> names;
  for (const StoredModel& model : models) {
    if (model.name == wanted || model.name + ".gguf" == wanted || pulled_file(model, wanted)) return model.path;
    names.push_back(model.name);
  }
  if (wanted == kDefault)
    if (const auto own = default_model()) return own->path;
  if (const auto address = parse_address(wanted); address && address->file.empty())
    if (const auto snapshot = cached_snapshot(hugging_face_cache(), *address); snapshot && is_model_folder(*snapshot)) return *snapshot;
  for (const PartialModel& partial : list_partial())
    if (partial.name == wanted)
      return fail(ErrorCode::NotFound, "model '{}': is not all there yet: `rigpilot model pull {}` goes on fetching it", wanted, wanted);
  if (names.empty())
    return fail(ErrorCode::NotFound,
                "model '{}': there is no such file or folder, and the store is empty; {}", wanted,
                how_to_get_one());
  return fail(ErrorCode::NotFound, "model '{}': there is no such file or folder, and the store has only {}",
              wanted, fmt::join(names, ", "));
}

}  // namespace app

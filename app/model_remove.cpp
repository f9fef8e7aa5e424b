// `rigpilot model remove NAME`: takes a model, or the parts of one, out of the store; never anything outside of it.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "app/console.h"
#include "app/hub/pull.h"
#include "app/hub/record.h"
#include "app/model_commands.h"
#include "app/store.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

struct Doomed {
  std::vector<fs::path> paths;  // each inside the store
  bool partial = false;
};

// What the name means, from the store alone: a path is not taken, so that nothing else can be meant.
base::Result<Doomed> find(const std::string& name) {
  Doomed out;
  for (const StoredModel& model : list_models()) {
    if (model.name != name && model.name + ".gguf" != name) continue;
    out.paths.push_back(model.path);
    return out;
  }
  for (const PartialModel& part : list_partial())
    if (part.name == name) {
      out.paths.push_back(part.folder);
      out.partial = true;
      return out;
    }
  for (const StoredModel& model : cached_by_hub())
    if (model.name == name)
      return fail(ErrorCode::InvalidInput, "'{}' lies in the Hugging Face cache ({}), which other programs use: only what is in {} is removed", name,
                  model.path.string(), store_folder().string());
  return fail(ErrorCode::NotFound, "'{}' is not in the store ({}): `rigpilot model list` says what is", name, store_folder().string());
}

// The folder that holds the entry is inside the store, whatever links lead there; the entry itself may be a link.
bool inside_store(const fs::path& path) {
  std::error_code problem;
  const fs::path store = fs::canonical(store_folder(), problem), parent = fs::canonical(path.parent_path(), problem);
  if (problem) return false;
  const fs::path relative = parent.lexically_relative(store);
  return !relative.empty() && *relative.begin() != "..";
}

// What the disk gets back: a file that another name still holds gives nothing.
std::uintmax_t bytes_freed_by(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || S_ISLNK(info.st_mode)) return 0;
  if (!S_ISDIR(info.st_mode)) return info.st_nlink > 1 ? 0 : std::uintmax_t(info.st_blocks) * 512;
  std::uintmax_t sum = 0;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, ignored)) sum += bytes_freed_by(entry.path());
  return sum;
}

// A GGUF file that `pull` put into OWNER/NAME: its record and, with the last one, its folder go too.
void tidy_up(const fs::path& removed) {
  std::error_code ignored;
  const fs::path folder = removed.parent_path();
  if (auto record = read_record(folder)) {
    record->files.erase(removed.filename().string());
    if (record->files.empty())
      fs::remove(folder / ".rigpilot.json", ignored);
    else
      (void)write_record(folder, *record);
  }
  for (fs::path at = folder; at != store_folder() && inside_store(at); at = at.parent_path())
    if (!fs::remove(at, ignored)) break;  // only an empty one goes
}

bool confirmed(const std::string& name, std::uintmax_t bytes) {
  fmt::print(stderr, "Remove {} ({})? [y/N] ", name, human_bytes(double(bytes)));
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

int remove(const std::string& name, bool yes) {
  const auto doomed = find(name);
  if (!doomed) return report(doomed.error());
  std::uintmax_t bytes = 0;
  for (const fs::path& path : doomed->paths) {
    if (!inside_store(path))
      return report({ErrorCode::InvalidInput, fmt::format("{}: a link leads out of the store ({}): nothing was removed",
                                                          path.string(), store_folder().string())});
    bytes += bytes_freed_by(path);
  }
  if (!yes && ::isatty(STDIN_FILENO) != 1)
    return wrong_use(fmt::format("removing {} ({}) needs --yes where nobody can be asked", name, human_bytes(double(bytes))));
  if (!yes && !confirmed(name, bytes)) {
    note("nothing was removed");
    return kFailed;
  }
  for (const fs::path& path : doomed->paths) {
    std::error_code problem;
    fs::remove_all(path, problem);  // does not follow links
    if (problem) return report({ErrorCode::Failed, fmt::format("{}: {}", path.string(), problem.message())});
    tidy_up(path);
  }
  print(fmt::format("removed {}{}: {} freed\n", doomed->partial ? "the parts of " : "", name, human_bytes(double(bytes))));
  return kDone;
}

}  // namespace

void add_model_remove(CLI::App& model, Run& run) {
  CLI::App& command = *model.add_subcommand("remove", "Takes a model, or a part of one, out of the store.");
  auto name = std::make_shared<std::string>();
  auto yes = std::make_shared<bool>(false);
  command.add_option("name", *name, "as `rigpilot model list` shows it")->required()->type_name("NAME");
  command.add_flag("--yes,-y", *yes, "do not ask");
  command.footer("Example:\n  rigpilot model remove Qwen/Qwen2.5-Coder-0.5B --yes");
  command.callback([&run, name, yes] { run = [name, yes] { return remove(*name, *yes); }; });
}

}  // namespace app

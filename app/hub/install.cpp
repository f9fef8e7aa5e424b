#include "app/hub/install.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

bool is_gguf(const fs::path& path) { return path.extension() == ".gguf"; }

// GGUF files that came from the same repository stay beside the new folder's files.
void take_ggufs_along(const fs::path& from, const fs::path& to, const std::optional<Record>& there, Record& record) {
  std::error_code ignored;
  std::vector<fs::path> ggufs;
  for (const fs::directory_entry& entry : fs::directory_iterator(from, ignored))
    if (is_gguf(entry.path())) ggufs.push_back(entry.path());
  for (const fs::path& path : ggufs) {
    fs::create_hard_link(path, to / path.filename(), ignored);
    if (!there) continue;
    const auto known = there->files.find(path.filename().string());
    if (known != there->files.end()) record.files.insert(*known);
  }
}

base::Result<void> exchange(const fs::path& fresh, const fs::path& target) {
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) return {};
  const fs::path aside = fresh.string() + ".before";  // a file system that cannot exchange: two renames
  std::error_code problem;
  fs::rename(target, aside, problem);
  if (!problem) fs::rename(fresh, target, problem);
  if (problem) return fail(ErrorCode::Failed, "{}: {}", target.string(), problem.message());
  return {};
}

base::Result<void> install_folder(const Installation& what) {
  const fs::path fresh = what.staging / "files";
  std::error_code problem;
  std::vector<fs::path> strays;
  for (const fs::directory_entry& entry : fs::directory_iterator(fresh, problem))
    if (std::find(what.files.begin(), what.files.end(), entry.path().filename().string()) == what.files.end()) strays.push_back(entry.path());
  for (const fs::path& stray : strays) fs::remove(stray, problem);  // of an earlier revision
  Record record = what.record;
  std::erase_if(record.files, [&](const auto& file) { return std::find(what.files.begin(), what.files.end(), file.first) == what.files.end(); });
  const bool replaces = fs::exists(what.target, problem);
  if (replaces) take_ggufs_along(what.target, fresh, read_record(what.target), record);
  if (auto written = write_record(fresh, record); !written) return written;
  if (replaces) return exchange(fresh, what.target);
  fs::rename(fresh, what.target, problem);
  if (problem) return fail(ErrorCode::Failed, "{}: {}", what.target.string(), problem.message());
  return {};
}

base::Result<void> install_gguf(const Installation& what) {
  std::error_code problem;
  fs::create_directories(what.target, problem);
  const std::string& name = what.files.front();
  Record record = what.record;
  if (const auto there = read_record(what.target)) {
    record.files = there->files;
    record.files[name] = what.record.files.at(name);
  }
  fs::rename(what.staging / "files" / name, what.target / name, problem);
  if (problem) return fail(ErrorCode::Failed, "{}: {}", (what.target / name).string(), problem.message());
  return write_record(what.target, record);
}

}  // namespace

base::Result<void> may_install(const fs::path& target, const std::optional<Record>& there, const std::string& gguf) {
  std::error_code ignored;
  if (there || !fs::exists(target, ignored)) return {};
  if (!gguf.empty() && !fs::exists(target / gguf, ignored)) return {};
  return fail(ErrorCode::Failed, "{}: stands in the way and was not made by `rigpilot model pull`: move it elsewhere first",
              (gguf.empty() ? target : target / gguf).string());
}

base::Result<void> install(const Installation& what) {
  const auto done = what.gguf ? install_gguf(what) : install_folder(what);
  if (!done) return done;
  std::error_code ignored;
  fs::remove_all(what.staging, ignored);
  return {};
}

bool name_needs_file(const fs::path& folder) {
  std::error_code ignored;
  int models = fs::exists(folder / "config.json", ignored) ? 1 : 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) models += is_gguf(entry.path()) ? 1 : 0;
  return models > 1;
}

}  // namespace app

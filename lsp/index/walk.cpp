#include "lsp/index/walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/files.h"
#include "lsp/index/file_choice.h"
#include "lsp/index/ignore_rules.h"

namespace lsp {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostDepth = 64;

// The rules of a folder and of those above it; the nearest speaks first.
struct Ruled {
  const Ruled* above = nullptr;
  std::size_t prefix = 0;  // of a path from the root, up to this folder
  std::vector<IgnoreRules> rules;  // the first speaks first

  bool ignores(std::string_view path, bool is_folder) const {
    for (const Ruled* at = this; at; at = at->above)
      for (const IgnoreRules& one : at->rules)
        if (const auto decided = one.decide(path.substr(at->prefix), is_folder)) return *decided;
    return false;
  }
};

Ruled rules_of(const fs::path& folder, std::size_t prefix, const Ruled* above) {
  Ruled out{above, prefix, {}};
  const auto add = [&](const fs::path& file) {
    if (const auto text = base::read_file(file)) out.rules.push_back(IgnoreRules::parse(*text));
  };
  add(folder / ".gitignore");
  if (!above) add(folder / ".git" / "info" / "exclude");
  return out;
}

class Walker {
 public:
  Walker(const std::function<void(const FileFound&)>& found, std::stop_token stop) : found_(found), stop_(std::move(stop)) {}

  void walk(const fs::path& folder, const std::string& prefix, const Ruled* above, std::size_t depth) {
    if (depth > kMostDepth) return;
    const Ruled ruled = rules_of(folder, prefix.size(), above);
    std::vector<std::string> folders;
    std::vector<FileFound> files;
    std::error_code problem;
    for (fs::directory_iterator at(folder, fs::directory_options::skip_permission_denied, problem), end; !problem && at != end; at.increment(problem)) {
      if (stop_.stop_requested()) return;
      std::error_code unknown;
      const fs::file_status status = at->symlink_status(unknown);
      const std::string name = at->path().filename().string();
      if (fs::is_directory(status) && !folder_refused(name) && !ruled.ignores(prefix + name, true)) folders.push_back(name);
      if (!fs::is_regular_file(status) || ruled.ignores(prefix + name, false)) continue;
      struct stat facts {};
      if (::lstat(at->path().c_str(), &facts) != 0) continue;
      FileFound file{prefix + name, std::uintmax_t(facts.st_size), std::int64_t(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec};
      if (name_refused(file.path, file.bytes).empty()) files.push_back(std::move(file));
    }
    std::sort(files.begin(), files.end(), [](const FileFound& a, const FileFound& b) { return a.path < b.path; });
    std::sort(folders.begin(), folders.end());
    for (const FileFound& file : files) found_(file);
    for (const std::string& name : folders) {
      if (stop_.stop_requested()) return;
      walk(folder / name, prefix + name + "/", &ruled, depth + 1);
    }
  }

 private:
  const std::function<void(const FileFound&)>& found_;
  std::stop_token stop_;
};

// Down the folders of `path`, whose part before `prefix` is done.
bool reaches(const fs::path& folder, const std::string& path, std::size_t prefix, const Ruled* above) {
  const Ruled ruled = rules_of(folder, prefix, above);
  const std::size_t slash = path.find('/', prefix);
  if (slash == std::string::npos) return !ruled.ignores(path, false);
  const std::string name = path.substr(prefix, slash - prefix);
  if (name.empty() || name == ".." || folder_refused(name) || ruled.ignores(path.substr(0, slash), true)) return false;
  return reaches(folder / name, path, slash + 1, &ruled);
}

}  // namespace

void walk(const fs::path& root, const std::function<void(const FileFound&)>& found, std::stop_token stop) {
  Walker(found, std::move(stop)).walk(root, "", nullptr, 0);
}

bool is_wanted(const fs::path& root, const std::string& path, std::uintmax_t bytes) {
  return name_refused(path, bytes).empty() && reaches(root, path, 0, nullptr);
}

}  // namespace lsp

#include "app/hub/hf_cache.h"

#include "app/hub/choose.h"
#include "base/files.h"

namespace app {
namespace {

namespace fs = std::filesystem;

fs::path repository_folder(const fs::path& cache, const Address& asked) {
  return cache / fmt::format("models--{}--{}", asked.owner, asked.name);
}

// Whether everything the model needs is in the snapshot: a download may have been cut short.
bool whole(const fs::path& snapshot, const Address& asked) {
  const Listing listing = cached_listing(snapshot);
  auto choice = choose_files(asked, listing, 0);
  if (!choice || choice->gguf) return false;
  if (!choice->index) return true;
  const auto text = base::read_file(snapshot / choice->index->path);
  return text && add_shards(asked, listing, *text, *choice);
}

}  // namespace

std::optional<fs::path> cached_snapshot(const fs::path& cache, const Address& asked) {
  if (cache.empty()) return std::nullopt;
  const fs::path folder = repository_folder(cache, asked);
  std::string commit = asked.revision;
  if (const auto ref = base::read_file(folder / "refs" / asked.revision)) commit = ref->substr(0, ref->find_first_of("\r\n "));
  if (!plain_name(commit)) return std::nullopt;
  std::error_code ignored;
  const fs::path snapshot = folder / "snapshots" / commit;
  if (!fs::is_directory(snapshot, ignored)) return std::nullopt;
  return snapshot;
}

Listing cached_listing(const fs::path& snapshot) {
  Listing out;
  out.commit = snapshot.filename().string();
  std::error_code ignored;
  for (fs::recursive_directory_iterator at(snapshot, ignored), end; at != end; at.increment(ignored)) {
    if (ignored || !at->is_regular_file(ignored)) continue;  // also through a link
    RemoteFile file;
    file.path = at->path().lexically_relative(snapshot).generic_string();
    file.size = std::int64_t(at->file_size(ignored));
    const std::string blob = fs::read_symlink(at->path(), ignored).filename().string();
    if (blob.find_first_not_of("0123456789abcdef") == std::string::npos) {
      if (blob.size() == 64) file.sha256 = blob;
      if (blob.size() == 40) file.git = blob;
    }
    out.files.push_back(std::move(file));
  }
  out.complete = true;
  return out;
}

std::optional<fs::path> cached_blob(const fs::path& cache, const Address& asked, const RemoteFile& file) {
  const std::string& name = file.sha256.empty() ? file.git : file.sha256;
  if (cache.empty() || name.empty()) return std::nullopt;
  const fs::path blob = repository_folder(cache, asked) / "blobs" / name;
  std::error_code problem;
  if (!fs::is_regular_file(blob, problem) || (file.size >= 0 && std::int64_t(fs::file_size(blob, problem)) != file.size)) return std::nullopt;
  return blob;
}

std::vector<CachedModel> cached_models(const fs::path& cache) {
  std::vector<CachedModel> out;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(cache, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("models--")) continue;
    const auto between = name.find("--", 8);
    if (between == std::string::npos) continue;
    const auto asked = parse_address(name.substr(8, between - 8) + "/" + name.substr(between + 2));
    if (!asked) continue;
    if (const auto snapshot = cached_snapshot(cache, *asked); snapshot && whole(*snapshot, *asked))
      out.push_back({asked->repository(), *snapshot});
  }
  return out;
}

}  // namespace app

#include "engine/train/data/corpus_source.h"

#include <algorithm>
#include <cstring>

#include "base/json.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
namespace fs = std::filesystem;

constexpr std::string_view kHeldOut = "held-out.jsonl";  // lies beside the shards, and is asked for by name only
constexpr std::size_t kLongest = std::size_t{1} << 31;

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool looks_binary(std::string_view text) { return text.substr(0, 4096).find('\0') != std::string_view::npos; }

bool hidden(const fs::path& relative) {
  return std::ranges::any_of(relative, [](const fs::path& part) { return part.native().starts_with('.'); });
}

}  // namespace

base::Result<CorpusSource> CorpusSource::open(std::span<const fs::path> paths) {
  CorpusSource source;
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return fail(ErrorCode::NotFound, "{}: there is no such file or folder", path.string());
    const auto added = fs::is_directory(path, ignored) ? source.add_folder(path) : source.add(path, path.filename().string());
    if (!added) return base::forward(added);
  }
  if (source.places_.empty()) return fail(ErrorCode::InvalidInput, "{}: holds no text to train on", paths.empty() ? "the corpus" : paths[0].string());
  return source;
}

base::Result<void> CorpusSource::add_folder(const fs::path& folder) {
  std::vector<fs::path> shards, texts;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, failed), end; at != end; at.increment(failed)) {
    if (failed) break;
    if (!at->is_regular_file(failed)) continue;
    const bool at_top = at.depth() == 0;
    if (at_top && at->path().extension() == ".jsonl" && at->path().filename() != kHeldOut) shards.push_back(at->path());
    else if (!hidden(at->path().lexically_relative(folder))) texts.push_back(at->path());
  }
  if (failed) return fail(ErrorCode::Failed, "{}: {}", folder.string(), failed.message());
  std::vector<fs::path>& files = shards.empty() ? texts : shards;
  std::ranges::sort(files);
  for (const fs::path& file : files)
    if (auto added = add(file, file.lexically_relative(folder).string()); !added) return added;
  return {};
}

base::Result<void> CorpusSource::add(const fs::path& path, std::string name) {
  std::error_code ignored;
  if (fs::file_size(path, ignored) == 0) return {};
  auto mapped = base::MappedFile::open(path);
  if (!mapped) return base::forward(mapped);
  const std::string_view text = text_of((*mapped)->bytes());
  const bool lines = path.extension() == ".jsonl";
  if (!lines && looks_binary(text)) return {};
  const auto file = std::uint32_t(files_.size());
  const auto place = [&](std::size_t offset, std::size_t length) -> base::Result<void> {
    if (length >= kLongest) return fail(ErrorCode::InvalidInput, "{}: a document of {} bytes is too long: expected less than 2 GB", path.string(), length);
    if (length > 0) places_.push_back({file, std::uint32_t(length), offset}), bytes_ += length;
    return {};
  };
  files_.push_back({std::move(*mapped), std::move(name), lines});
  if (!lines) return place(0, text.size());
  for (std::size_t at = 0; at < text.size();) {
    const void* end = std::memchr(text.data() + at, '\n', text.size() - at);
    const std::size_t next = end ? std::size_t(static_cast<const char*>(end) - text.data()) : text.size();
    if (auto placed = place(at, next - at); !placed) return placed;
    at = next + 1;
  }
  return {};
}

base::Result<Document> CorpusSource::document(std::size_t index) const {
  const Place& place = places_[index];
  const File& file = files_[place.file];
  const std::string_view text = text_of(file.mapped->bytes()).substr(place.offset, place.length);
  if (!file.lines) return Document{std::string(text), file.name, {}};
  const auto where = [&] { return fmt::format("{}: the line at byte {}", file.mapped->path().string(), place.offset); };
  const auto json = base::parse_json(text, where());
  if (!json) return base::forward(json);
  auto content = base::get<std::string>(*json, "text");
  if (!content) return base::forward(content, where());
  return Document{std::move(*content), base::try_get<std::string>(*json, "path").value_or(""), base::try_get<std::string>(*json, "repo").value_or("")};
}

}  // namespace engine

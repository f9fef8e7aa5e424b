#include "lsp/index/workspace_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "base/files.h"
#include "base/utf8.h"
#include "lsp/context/lines.h"
#include "lsp/index/document_key.h"
#include "lsp/index/file_choice.h"

namespace lsp {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStepBytes = 256 * 1024;      // of text: some 20 ms
constexpr std::size_t kBatchTokens = 500'000;       // a part of its own while a large workspace is read
constexpr std::size_t kTimesLarger = 4;             // a part stands before parts smaller than a quarter of it
constexpr std::int64_t kAlwaysRead = -1;            // modified_ns of a text that was an editor's

std::uint64_t mix(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return (hash ^ bytes.size()) * 0x100000001b3;
}

}  // namespace

fs::path index_folder(const fs::path& root) {
  const std::string name = root.filename().string();
  return base::cache_folder() / "index" / fmt::format("{}-{:016x}", name, key_of_path(root));
}

std::uint64_t vocabulary_number(const tokenizer::Tokenizer& tokenizer) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < tokenizer.vocab_size(); ++i) hash = mix(hash, tokenizer.bytes(tokenizer::TokenId(i)));
  for (const auto id : tokenizer.encode("if (x1 >= 234.5) {\n\t\treturn fooBar_baz(\"it's\");\n    }\n\nend  # \xC3\xA4 <= 7\n")) hash = mix(hash, std::to_string(id));
  return hash;
}

base::Result<std::unique_ptr<WorkspaceIndex>> WorkspaceIndex::open(const fs::path& root, const fs::path& folder,
                                                                   std::shared_ptr<const tokenizer::Tokenizer> tokenizer) {
  auto out = std::unique_ptr<WorkspaceIndex>(new WorkspaceIndex(root.lexically_normal(), std::move(tokenizer)));
  if (folder.empty()) return out;
  auto catalogue = Catalogue::open(folder, out->root_.string(), vocabulary_number(*out->tokenizer_));
  if (!catalogue) return base::forward(catalogue);
  out->catalogue_ = *std::move(catalogue);
  out->load();
  return out;
}

// What the catalogue names and the disk still has.
void WorkspaceIndex::load() {
  std::unordered_map<std::int64_t, std::unordered_set<engine::DocumentKey>> live;
  for (const CatalogueFile& file : catalogue_->files()) live[file.segment].insert(file.key);
  std::unordered_set<std::int64_t> opened;
  for (const std::int64_t id : catalogue_->segments()) {
    auto segment = engine::Segment::open(catalogue_->segment_path(id));
    if (!segment) {
      outlived_.push_back(id);
      continue;
    }
    auto dead = std::make_shared<engine::DeadRanges>();
    for (std::size_t i = 0; i < (*segment)->documents(); ++i)
      if (const auto range = (*segment)->document(i); !live[id].contains(range.key)) dead->push_back(range);
    parts_.push_back({{*segment, dead->empty() ? nullptr : dead, 1}, id});
    opened.insert(id);
  }
  for (const CatalogueFile& file : catalogue_->files()) {
    if (file.segment != 0 && !opened.contains(file.segment)) continue;  // its segment is lost: read it again
    known_[file.path] = {file.bytes, file.modified_ns, file.key, file.segment != 0};
  }
}

void WorkspaceIndex::refresh(std::stop_token stop) {
  flush();
  waiting_.clear();
  next_ = 0;
  std::unordered_set<std::string> there;
  walk(root_, [&](const FileFound& found) {
    there.insert(found.path);
    const auto known = known_.find(found.path);
    if (known == known_.end() || known->second.bytes != found.bytes || known->second.modified_ns != found.modified_ns) waiting_.push_back(found);
  }, stop);
  if (stop.stop_requested()) return;
  std::vector<std::string> gone;
  for (const auto& [path, file] : known_)
    if (!there.contains(path)) gone.push_back(path);
  for (const std::string& path : gone) drop(path);
}

void WorkspaceIndex::step() {
  std::size_t bytes = 0;
  while (next_ < waiting_.size() && bytes < kStepBytes) {
    const FileFound& found = waiting_[next_++];
    const auto text = base::read_file(root_ / found.path);
    if (!text) continue;
    bytes += text->size() + 1024;
    take(found.path, *text, {found.bytes, found.modified_ns, key_of_path(root_ / found.path), false});
  }
  if (next_ == waiting_.size() || batch_tokens_ > kBatchTokens) flush();
}

// A text into the batch, or out of the index where it is not wanted.
void WorkspaceIndex::take(const std::string& path, std::string_view text, const File& facts) {
  const bool wanted = text_refused(text).empty();
  File& file = known_[path];
  if (wanted != file.in_index) paths_.reset();
  if (!wanted && file.in_index) set_parts(index().without(facts.key));
  file = facts;
  file.in_index = wanted;
  changed_[path] = true;
  std::erase(gone_, path);
  std::erase_if(batch_, [&](const engine::TokenDocument& document) { return document.key == facts.key; });
  if (!wanted) return;
  batch_.push_back({facts.key, tokenizer_->encode(with_plain_line_ends(base::sanitize_utf8(text)))});
  batch_tokens_ += batch_.back().tokens.size();
}

void WorkspaceIndex::drop(const std::string& path) {
  const auto known = known_.find(path);
  if (known == known_.end()) return;
  set_parts(index().without(known->second.key));
  std::erase_if(batch_, [&](const engine::TokenDocument& document) { return document.key == known->second.key; });
  known_.erase(known);
  paths_.reset();
  changed_.erase(path);
  gone_.push_back(path);
}

void WorkspaceIndex::flush() {
  if (batch_.empty()) return;
  const auto segment = engine::Segment::build(std::exchange(batch_, {}));
  batch_tokens_ = 0;
  set_parts(index().with(segment));
}

void WorkspaceIndex::set_parts(const engine::NgramIndex& index) {
  for (std::size_t i = 0; i < index.parts().size(); ++i) {
    if (i < parts_.size()) parts_[i].part = index.parts()[i];
    else parts_.push_back({index.parts()[i], 0});
  }
}

engine::NgramIndex WorkspaceIndex::index() const {
  std::vector<engine::IndexPart> parts;
  for (const Part& part : parts_) parts.push_back(part.part);
  return engine::NgramIndex(std::move(parts));
}

std::shared_ptr<const DocumentPaths> WorkspaceIndex::paths() {
  if (paths_) return paths_;
  DocumentPaths paths;
  for (const auto& [path, file] : known_)
    if (file.in_index) paths.emplace(file.key, path);
  return paths_ = std::make_shared<const DocumentPaths>(std::move(paths));
}

std::size_t WorkspaceIndex::files() const {
  return std::size_t(std::count_if(known_.begin(), known_.end(), [](const auto& one) { return one.second.in_index; }));
}

std::optional<std::string> WorkspaceIndex::relative(const fs::path& path) const {
  const std::string inside = path.lexically_normal().lexically_relative(root_).generic_string();
  if (inside.empty() || inside == "." || inside.starts_with("..")) return std::nullopt;
  return inside;
}

bool WorkspaceIndex::update(const fs::path& path, const std::string* text) {
  const auto inside = relative(path);
  if (!inside) return false;
  struct stat facts {};
  const bool there = ::lstat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
  if (!there && !text) return remove(path);
  const std::uintmax_t bytes = text ? text->size() : std::uintmax_t(facts.st_size);
  if (!is_wanted(root_, *inside, bytes)) return remove(path);
  std::string read;
  if (!text) {
    auto content = base::read_file(path);
    if (!content) return false;
    read = *std::move(content);
    text = &read;
  }
  const bool from_disk = text == &read;
  const std::int64_t modified = from_disk ? std::int64_t(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec : kAlwaysRead;
  take(*inside, *text, {bytes, modified, key_of_path(path), false});
  flush();
  return true;
}

bool WorkspaceIndex::remove(const fs::path& path) {
  const auto inside = relative(path);
  if (!inside || !known_.contains(*inside)) return false;
  drop(*inside);
  return true;
}

// All parts from `first` on become one.
bool WorkspaceIndex::merge_from(std::size_t first, const std::stop_token& stop) {
  if (stop.stop_requested()) return false;
  std::vector<engine::IndexPart> merged;
  for (std::size_t i = first; i < parts_.size(); ++i) merged.push_back(parts_[i].part);
  auto segment = engine::merge(merged, stop);
  if (!segment) return false;
  for (std::size_t i = first; i < parts_.size(); ++i)
    if (parts_[i].stored != 0) outlived_.push_back(parts_[i].stored);
  parts_.resize(first);
  std::unordered_set<engine::DocumentKey> moved;
  for (std::size_t i = 0; i < segment->documents(); ++i) moved.insert(segment->document(i).key);
  for (const auto& [path, file] : known_)
    if (file.in_index && moved.contains(file.key)) changed_[path] = true;
  if (segment->documents() > 0) parts_.push_back({{std::move(segment), nullptr, 1}, 0});
  return true;
}

bool WorkspaceIndex::tidy(std::stop_token stop) {
  flush();
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    std::size_t behind = 0;
    for (std::size_t j = i + 1; j < parts_.size(); ++j) behind += parts_[j].part.segment->entries();
    const bool mostly_dead = parts_[i].part.live_tokens() * 2 < parts_[i].part.segment->entries();
    const bool too_small = i + 1 < parts_.size() && parts_[i].part.segment->entries() < behind * kTimesLarger;
    if (mostly_dead || too_small) return merge_from(i, stop);
  }
  return false;
}

base::Result<void> WorkspaceIndex::save(std::stop_token stop) {
  if (!catalogue_ || !catalogue_->writable()) {
    changed_.clear();
    gone_.clear();
    return {};
  }
  if (saved() && outlived_.empty()) return {};
  flush();
  const auto first_new = std::size_t(std::find_if(parts_.begin(), parts_.end(), [](const Part& part) { return part.stored == 0; }) - parts_.begin());
  if (parts_.size() > first_new + 1) (void)merge_from(first_new, stop);
  CatalogueChange change{.files = {}, .gone_files = gone_, .segments = {}, .gone_segments = outlived_};
  std::vector<Part*> written;
  for (std::size_t i = first_new; i < parts_.size(); ++i) {
    const auto id = std::int64_t(std::chrono::system_clock::now().time_since_epoch().count()) + std::int64_t(i);
    if (auto done = parts_[i].part.segment->write(catalogue_->segment_path(id)); !done) return done;
    change.segments.push_back(id);
    parts_[i].stored = id;
  }
  for (const auto& [path, unused] : changed_) {
    const auto known = known_.find(path);
    if (known == known_.end()) continue;
    const File& file = known->second;
    std::int64_t segment = 0;
    for (const Part& part : parts_)
      if (const auto range = part.part.segment->find(file.key); file.in_index && range && !part.part.is_dead(range->begin)) segment = part.stored;
    change.files.push_back({path, file.bytes, file.modified_ns, file.key, segment});
  }
  auto done = catalogue_->commit(change);
  if (!done) return done;
  // From now on the file's pages stand for the array in memory.
  for (std::size_t i = first_new; i < parts_.size(); ++i)
    if (auto segment = engine::Segment::open(catalogue_->segment_path(parts_[i].stored))) parts_[i].part.segment = *segment;
  changed_.clear();
  gone_.clear();
  outlived_.clear();
  return {};
}

}  // namespace lsp

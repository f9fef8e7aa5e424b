#include "app/evaluate/folder.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "app/evaluate/language.h"
#include "base/files.h"
#include "base/utf8.h"
#include "lsp/context/lines.h"
#include "lsp/index/document_key.h"
#include "lsp/index/file_choice.h"
#include "lsp/index/walk.h"

namespace app {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kShortestName = 3;

template <class Take>
void each_name(std::string_view text, Take&& take) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && lsp::is_word_char(text[end])) ++end;
    if (end - i >= kShortestName && !std::isdigit(static_cast<unsigned char>(text[i]))) take(std::string(text.substr(i, end - i)));
    i = std::max(end, i + 1);
  }
}

std::unordered_set<std::string> names_of(std::string_view text) {
  std::unordered_set<std::string> out;
  each_name(text, [&](std::string name) { out.insert(std::move(name)); });
  return out;
}

template <class Take>
void each_line(std::string_view text, Take&& take) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    take(std::string(lsp::trimmed(text.substr(begin, end - begin))));
    begin = end + 1;
  }
}

}  // namespace

base::Result<Folder> read_folder(const fs::path& root) {
  std::error_code problem;
  Folder out{.root = fs::canonical(root, problem), .pool = {}, .code = {}};
  if (problem || !fs::is_directory(out.root)) return base::fail(base::ErrorCode::NotFound, "{}: is not a folder", root.string());
  lsp::walk(out.root, [&](const lsp::FileFound& found) {
    auto text = base::read_file(out.root / found.path);
    if (!text || !lsp::text_refused(*text).empty()) return;
    SourceFile file{found.path, lsp::with_plain_line_ends(base::sanitize_utf8(*text)), language_of(found.path)};
    if (is_code(found.path)) out.code.push_back(file);
    out.pool.push_back(std::move(file));
  });
  if (out.code.empty()) return base::fail(base::ErrorCode::NotFound, "{}: holds no source code to cut holes into", root.string());
  return out;
}

lsp::DocumentPaths paths_of(const Folder& folder) {
  lsp::DocumentPaths paths;
  for (const SourceFile& file : folder.pool) paths.emplace(lsp::key_of_path(folder.root / file.path), file.path);
  return paths;
}

engine::NgramIndex index_of(const Folder& folder, const tokenizer::Tokenizer& tokenizer) {
  std::vector<engine::TokenDocument> documents;
  for (const SourceFile& file : folder.pool) documents.push_back({lsp::key_of_path(folder.root / file.path), tokenizer.encode(file.text)});
  return engine::NgramIndex().with(engine::Segment::build(std::move(documents)));
}

Slices::Slices(const Folder& folder) {
  for (const SourceFile& file : folder.pool) {
    each_line(file.text, [&](std::string line) { ++lines_[std::move(line)]; });
    for (const std::string& name : names_of(file.text)) ++names_[name];
  }
}

bool Slices::is_novel(const SourceFile& file, const Hole& hole) const {
  const std::string_view text = file.text;
  const std::size_t begin = hole.begin == 0 ? 0 : text.rfind('\n', hole.begin - 1) + 1;  // npos + 1 is 0
  bool novel = false;
  each_line(text.substr(begin, hole.end - begin), [&](const std::string& line) {
    const auto found = lines_.find(line);
    novel = novel || (!line.empty() && (found == lines_.end() || found->second <= 1));
  });
  return novel;
}

bool Slices::is_cross_file(const SourceFile& file, const Hole& hole) const {
  const auto inside = names_of(std::string_view(file.text).substr(hole.begin, hole.end - hole.begin));
  const auto here = names_of(file.text.substr(0, hole.begin) + "\n" + file.text.substr(hole.end));
  return std::any_of(inside.begin(), inside.end(), [&](const std::string& name) {
    const auto found = names_.find(name);
    return !here.contains(name) && found != names_.end() && found->second >= 2;
  });
}

}  // namespace app

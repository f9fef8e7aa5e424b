// workspace_index.h: the index of one workspace, kept in step with its files and over restarts.
// open() reads what was kept; refresh() finds what has changed since, step() works on it a little at a time; update() takes a file's new
// text at once, remove() a file away; index() is what suggestions copy from, at any moment. save() keeps what is new; tidy() merges
// small parts. One thread (the index thread, or a command). A crash loses at most what was not saved: it is read again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "engine/ngram/index.h"
#include "lsp/index/catalogue.h"
#include "lsp/index/document_key.h"
#include "lsp/index/walk.h"
#include "tokenizer/tokenizer.h"

namespace lsp {

// Where the index of a workspace is kept, below base::cache_folder().
std::filesystem::path index_folder(const std::filesystem::path& root);

// A number that is another one where the vocabulary, or how it splits text, is another.
std::uint64_t vocabulary_number(const tokenizer::Tokenizer& tokenizer);

class WorkspaceIndex {
 public:
  // `folder`: where it is kept; empty: nowhere.
  static base::Result<std::unique_ptr<WorkspaceIndex>> open(const std::filesystem::path& root, const std::filesystem::path& folder,
                                                            std::shared_ptr<const tokenizer::Tokenizer> tokenizer);

  void refresh(std::stop_token stop = {});
  bool busy() const { return next_ < waiting_.size() || !batch_.empty(); }
  void step();            // some milliseconds of what refresh() found
  double progress() const { return waiting_.empty() ? 1 : double(next_) / double(waiting_.size()); }

  // Whether anything changed. `text`: of an editor's buffer; without it the file is read.
  bool update(const std::filesystem::path& path, const std::string* text = nullptr);
  bool remove(const std::filesystem::path& path);

  // True: something was merged; up to seconds where a large part has outlived itself. Once a stop is asked for nothing is merged.
  bool tidy(std::stop_token stop = {});
  base::Result<void> save(std::stop_token stop = {});  // one part of what is new; as it is, where a stop is asked for
  bool saved() const { return changed_.empty() && gone_.empty(); }

  engine::NgramIndex index() const;
  std::shared_ptr<const DocumentPaths> paths();  // of the files in the index, relative to the root; the same object while no file comes or goes
  std::size_t files() const;  // that are in the index
  const std::filesystem::path& root() const { return root_; }

 private:
  struct File {
    std::uintmax_t bytes = 0;
    std::int64_t modified_ns = 0;
    engine::DocumentKey key = 0;
    bool in_index = false;
  };
  struct Part {
    engine::IndexPart part;
    std::int64_t stored = 0;  // its number on the disk; 0: in memory only
  };
  WorkspaceIndex(std::filesystem::path root, std::shared_ptr<const tokenizer::Tokenizer> tokenizer) : root_(std::move(root)), tokenizer_(std::move(tokenizer)) {}
  void load();
  void take(const std::string& path, std::string_view text, const File& facts);
  void drop(const std::string& path);
  void flush();  // the batch becomes a part
  void set_parts(const engine::NgramIndex& index);
  std::optional<std::string> relative(const std::filesystem::path& path) const;
  bool merge_from(std::size_t first, const std::stop_token& stop);

  std::filesystem::path root_;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  std::unique_ptr<Catalogue> catalogue_;  // null: kept nowhere
  std::unordered_map<std::string, File> known_;
  std::shared_ptr<const DocumentPaths> paths_;  // null: to be made anew
  std::vector<Part> parts_;
  std::vector<FileFound> waiting_;  // to be read
  std::size_t next_ = 0;
  std::vector<engine::TokenDocument> batch_;
  std::size_t batch_tokens_ = 0;
  std::unordered_map<std::string, bool> changed_;  // since the last save
  std::vector<std::string> gone_;
  std::vector<std::int64_t> outlived_;             // segments on the disk that no part is any more
};

}  // namespace lsp

// catalogue.h: what the index of one workspace holds, on the disk: which files, as they were when, in which segment.
// open() a folder's; read it once; commit() each change, whole or not at all. Arrays lie in files beside it (engine/ngram/segment.h).
// SQLite. One process writes: a second one that opens the same folder gets writable() == false and must not commit().
// Errors name the file. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/ngram/segment.h"

namespace lsp {

struct CatalogueFile {
  std::string path;  // relative to the workspace
  std::uintmax_t bytes = 0;
  std::int64_t modified_ns = 0;
  engine::DocumentKey key = 0;
  std::int64_t segment = 0;  // 0: in none, for a reason that only its text tells
};

struct CatalogueChange {
  std::vector<CatalogueFile> files;        // new or changed
  std::vector<std::string> gone_files;
  std::vector<std::int64_t> segments, gone_segments;
};

class Catalogue {
 public:
  // Made for another workspace, vocabulary or version: it starts empty.
  static base::Result<std::unique_ptr<Catalogue>> open(const std::filesystem::path& folder, const std::string& workspace, std::uint64_t vocabulary);
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  bool writable() const { return lock_ >= 0; }
  const std::vector<CatalogueFile>& files() const { return files_; }  // as they were when it was opened
  const std::vector<std::int64_t>& segments() const { return segments_; }
  base::Result<void> commit(const CatalogueChange& change);
  std::filesystem::path segment_path(std::int64_t segment) const;

 private:
  struct Database;
  explicit Catalogue(std::filesystem::path folder);
  base::Result<void> load(const std::string& workspace, std::uint64_t vocabulary);
  void remove_strays() const;

  std::filesystem::path folder_;
  int lock_ = -1;
  std::unique_ptr<Database> database_;
  std::vector<CatalogueFile> files_;
  std::vector<std::int64_t> segments_;
};

}  // namespace lsp

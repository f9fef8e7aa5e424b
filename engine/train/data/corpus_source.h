// corpus_source.h: the documents to train on: shards of JSON lines, plain files, or folders of either.
// open() maps the files and finds where each document lies; document(i) reads one. Nothing else is held in memory.
// Immutable: any thread. Errors name the file, the line and the field. A shard's line is {"text": ..., "path": ..., "repo": ...};
// the last two may be absent. Of a folder the *.jsonl are taken, or, where it has none, every text file below it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"

namespace engine {

struct Document {
  std::string text, path, repository;
};

class CorpusSource {
 public:
  static base::Result<CorpusSource> open(std::span<const std::filesystem::path> paths);

  std::size_t size() const { return places_.size(); }
  std::uint64_t bytes() const { return bytes_; }  // of the files' text, as they store it
  std::size_t stored_bytes(std::size_t index) const { return places_[index].length; }  // a little more than its text has
  base::Result<Document> document(std::size_t index) const;

 private:
  struct File {
    std::shared_ptr<const base::MappedFile> mapped;
    std::string name;  // below the folder that was asked for
    bool lines = false;
  };
  struct Place {
    std::uint32_t file = 0, length = 0;
    std::uint64_t offset = 0;
  };
  base::Result<void> add(const std::filesystem::path& path, std::string name);
  base::Result<void> add_folder(const std::filesystem::path& folder);

  std::vector<File> files_;
  std::vector<Place> places_;
  std::uint64_t bytes_ = 0;
};

}  // namespace engine

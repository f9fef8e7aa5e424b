// folder.h: a folder of code as measuring sees it: its files, what is in each, and the index over all of them.
// read_folder() takes the files that the server's index would take; index_of() gives their index in a tokenizer's ids.
// Slices answers what only looking at all files tells of a hole. Values; pure after reading.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/evaluate/holes.h"
#include "base/result.h"
#include "engine/ngram/index.h"
#include "lsp/index/document_key.h"
#include "tokenizer/tokenizer.h"

namespace app {

struct Folder {
  std::filesystem::path root;      // absolute
  std::vector<SourceFile> pool;    // all of it
  std::vector<SourceFile> code;    // those in which holes are cut
};

base::Result<Folder> read_folder(const std::filesystem::path& root);
lsp::DocumentPaths paths_of(const Folder& folder);  // by the index's keys
engine::NgramIndex index_of(const Folder& folder, const tokenizer::Tokenizer& tokenizer);

class Slices {
 public:
  explicit Slices(const Folder& folder);
  // The whole line around the hole (a block: any of its lines) is nowhere else in the folder.
  bool is_novel(const SourceFile& file, const Hole& hole) const;
  // A name in the hole stands in other files, but nowhere else in this one.
  bool is_cross_file(const SourceFile& file, const Hole& hole) const;

 private:
  std::unordered_map<std::string, int> lines_;  // how often each stands in the folder, without indentation
  std::unordered_map<std::string, int> names_;  // in how many files
};

}  // namespace app

// dataset.h: a folder of code, and its git history, as what a model is fine-tuned on and what it is measured by.
// make_dataset(folder, options, INTO) chooses held-out files by a seed, leaves out of the rest what is nearly one of them or nearly
// another text, adds earlier versions and replayed base data, and writes INTO/train.jsonl and INTO/validation.jsonl. A third of the
// held-out files is for validation, for all that is chosen after training; the others are for measuring alone. A single one is for both.
// Files are those the workspace's index takes: no secrets, nothing generated, minified or binary. Errors name the folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/evaluate/folder.h"
#include "base/result.h"

namespace app {

struct DatasetOptions {
  std::uint64_t seed = 0;
  double held_out = 0.15;  // share of the code files
  bool history = true;
  std::vector<std::string> replay;  // files, folders or shards of what the base was trained on
  double replay_share = 0.15;       // of all that is trained on
};

struct Dataset {
  std::filesystem::path train, validation;  // JSON lines
  std::vector<SourceFile> validation_files, measured_files;  // both held out
  std::size_t files = 0, versions = 0, replayed = 0;  // documents to train on, by where they are from
  std::size_t near_duplicates = 0;                    // left out
  std::uint64_t bytes = 0;                            // of text to train on
};

base::Result<Dataset> make_dataset(const Folder& folder, const DatasetOptions& options, const std::filesystem::path& into);

}  // namespace app

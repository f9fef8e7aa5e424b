// store.h: the models kept on this machine, and what the value of --model means.
// find_model() for one command's model, list_models() for all; the store is the folder models/ below
// base::data_folder(). Errors say what was looked for, where, and what is there instead. Reads only names and
// sizes; keeps nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace app {

struct StoredModel {
  std::string name;  // "SmolLM2-135M-Instruct.Q4_1": what --model takes
  std::filesystem::path path;
  std::string format;  // "gguf" or "safetensors"
  std::uintmax_t bytes = 0;
  bool in_store = true;  // false: in the Hugging Face cache, which other programs use too, or with the program
};

std::filesystem::path store_folder();

// The model that comes with the program (models/README.md): what no --model and the name "default" mean; a model of that name in
// the store comes first. nullopt where it was not installed.
std::optional<StoredModel> default_model();
std::vector<StoredModel> list_models();   // of the store, sorted by name
std::vector<StoredModel> cached_by_hub();  // whole models that huggingface_hub fetched: --model takes their names too

// A pull that was cut short; the same `model pull` goes on with it.
struct PartialModel {
  std::string name;  // OWNER/NAME
  std::filesystem::path folder;
  std::uintmax_t bytes = 0, of = 0;  // on the disk; in all
};
std::vector<PartialModel> list_partial();

std::uintmax_t model_bytes(
    const std::filesystem::path& path);  // of a file, or of a folder's files; 0 where unknown

// A Hugging Face folder, a .gguf file, a name in the store or "default"; empty: the default model, without one the store's first.
base::Result<std::filesystem::path> find_model(const std::string& wanted);

}  // namespace app

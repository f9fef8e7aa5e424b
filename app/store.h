// store.h: the models kept on this machine, and what the value of --model means.
// find_model() for one command's model, list_models() for all; the store is the folder models/ below
// base::data_folder(). Errors say what was looked for, where, and what is there instead. Reads only names and
// sizes; keeps nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace app {

struct StoredModel {
  std::string name;  // "SmolLM2-135M-Instruct.Q4_1": what --model takes
  std::filesystem::path path;
  std::string format;  // "gguf" or "safetensors"
  std::uintmax_t bytes = 0;
};

std::filesystem::path store_folder();
std::vector<StoredModel> list_models();  // sorted by name

std::uintmax_t model_bytes(
    const std::filesystem::path& path);  // of a file, or of a folder's files; 0 where unknown

// A Hugging Face folder, a .gguf file or a name in the store; empty: the store's first model.
base::Result<std::filesystem::path> find_model(const std::string& wanted);

}  // namespace app

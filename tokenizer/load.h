// load.h: a tokenizer from wherever a model keeps its vocabulary.
// load_tokenizer(path): a Hugging Face folder (tokenizer.json, else tokenizer.model), a tokenizer.json, a tokenizer.model
// or a .gguf file. Fails with a sentence naming the file and what it lacks.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

base::Result<std::unique_ptr<Tokenizer>> load_tokenizer(const std::filesystem::path& path);

}  // namespace tokenizer

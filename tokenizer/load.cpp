#include "tokenizer/load.h"

#include "base/files.h"
#include "base/formats/gguf.h"
#include "tokenizer/gguf_vocab.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/sentencepiece.h"

namespace tokenizer {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;
using TokenizerResult = Result<std::unique_ptr<Tokenizer>>;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// The small files of a model's folder; an absent one is an empty text.
struct Beside {
  std::string tokenizer_config, special_tokens, config, generation_config, folder;

  HfTexts texts(std::string_view tokenizer) const {
    return {tokenizer, tokenizer_config, special_tokens, config, generation_config, folder};
  }
};

Result<Beside> read_beside(const fs::path& folder) {
  Beside beside;
  if (!folder.empty()) beside.folder = (folder / "").string();
  const std::pair<const char*, std::string*> files[] = {{"tokenizer_config.json", &beside.tokenizer_config},
                                                        {"special_tokens_map.json", &beside.special_tokens},
                                                        {"config.json", &beside.config},
                                                        {"generation_config.json", &beside.generation_config}};
  for (const auto& [name, text] : files) {
    if (!is_file(folder / name)) continue;
    auto read = base::read_file(folder / name);
    if (!read) return base::forward(read);
    *text = std::move(*read);
  }
  return beside;
}

TokenizerResult load_hf_file(const fs::path& path) {
  const auto text = base::read_file(path);
  if (!text) return base::forward(text);
  const auto beside = read_beside(path.parent_path());
  if (!beside) return base::forward(beside);
  if (path.extension() == ".json") return read_hf_json(beside->texts(*text));
  auto tokenizer = read_sentencepiece(*text, beside->texts({}));
  if (!tokenizer) return base::forward(tokenizer, path.string());
  return tokenizer;
}

TokenizerResult load_gguf(const fs::path& path) {
  const auto gguf = base::Gguf::open(path);
  if (!gguf) return base::forward(gguf);
  return read_gguf_vocab(*gguf);
}

}  // namespace

TokenizerResult load_tokenizer(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    for (const char* name : {"tokenizer.json", "tokenizer.model"})
      if (is_file(path / name)) return load_hf_file(path / name);
    return base::fail(ErrorCode::NotFound, "{}: the folder has neither tokenizer.json nor tokenizer.model", path.string());
  }
  if (!is_file(path)) return base::fail(ErrorCode::NotFound, "{}: there is no such file", path.string());
  if (path.extension() == ".gguf") return load_gguf(path);
  if (path.extension() == ".json" || path.extension() == ".model") return load_hf_file(path);
  return base::fail(ErrorCode::Unsupported, "{}: expected a folder, tokenizer.json, tokenizer.model or a .gguf file", path.string());
}

}  // namespace tokenizer

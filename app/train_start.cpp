#include "app/train_start.h"

#include <optional>

#include "base/files.h"

namespace app {

namespace fs = std::filesystem;
using base::ErrorCode;

base::Result<StartModel> find_start(const fs::path& path) {
  std::error_code ignored;
  const bool file = path.extension() == ".gguf";
  const fs::path files = file ? fs::absolute(path).parent_path() : path;
  if (!fs::exists(files / "config.json", ignored) || (file && !fs::exists(files / "tokenizer.json", ignored)))
    return base::fail(file ? ErrorCode::Unsupported : ErrorCode::NotFound,
                      "{}: expected {}", path.string(), file ? "the model's config.json and tokenizer.json beside the GGUF file, since all weights are trained; or a Hugging Face folder, or --lora 16"
                                                             : "a Hugging Face folder with config.json and safetensors");
  if (file) return StartModel{files, path};
  std::optional<fs::path> gguf;
  for (const auto& entry : fs::directory_iterator(files, ignored)) {
    if (entry.path().extension() == ".safetensors") return StartModel{files, files};
    if (entry.path().extension() == ".gguf") gguf = entry.path();
  }
  return StartModel{files, gguf.value_or(files)};
}

base::Result<void> bring_model(const StartModel& start, const fs::path& out) {
  for (const auto& entry : fs::directory_iterator(start.files)) {
    const std::string name = entry.path().filename().string(), ending = entry.path().extension().string();
    const bool small = ending == ".json" || ending == ".model" || name == "merges.txt" || name == "vocab.txt";
    if (!entry.is_regular_file() || !small || name == "train.json" || name.ends_with(".index.json")) continue;
    auto text = base::read_file(entry.path());
    if (!text) return base::forward(text);
    if (auto written = base::write_file_atomic(out / name, *text); !written) return written;
  }
  return {};
}

}  // namespace app

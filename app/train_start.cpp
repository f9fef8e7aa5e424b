#include "app/train_start.h"

#include "base/files.h"

namespace app {

base::Result<void> bring_model(const std::filesystem::path& from, const std::filesystem::path& out) {
  if (!std::filesystem::exists(from / "config.json"))
    return base::fail(base::ErrorCode::NotFound, "--start {}: expected a Hugging Face folder with config.json and safetensors", from.string());
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::string name = entry.path().filename().string(), ending = entry.path().extension().string();
    const bool small = ending == ".json" || ending == ".model" || ending == ".txt";
    if (!entry.is_regular_file() || !small || name == "train.json" || name.ends_with(".index.json")) continue;
    auto text = base::read_file(entry.path());
    if (!text) return base::forward(text, "--start");
    if (auto written = base::write_file_atomic(out / name, *text); !written) return written;
  }
  return {};
}

}  // namespace app

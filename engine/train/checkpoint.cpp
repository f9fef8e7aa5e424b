#include "engine/train/checkpoint.h"

#include <charconv>

#include "base/formats/safetensors.h"
#include "base/formats/safetensors_writer.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

base::Result<std::int64_t> number(const base::Safetensors& file, const std::string& key) {
  std::int64_t value = 0;
  const auto found = file.metadata().find(key);
  if (found != file.metadata().end()) {
    const std::string& text = found->second;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ptr == text.data() + text.size() && !text.empty() && value >= 0) return value;
  }
  return fail(ErrorCode::InvalidInput, "{}: '{}' is missing: expected a checkpoint of a training", file.path().string(), key);
}

base::Result<void> fill(const base::Safetensors& file, const NamedTensor& tensor) {
  for (const base::SafetensorsTensor& stored : file.tensors()) {
    if (stored.name != tensor.name) continue;
    const auto shape = tensor.value.sizes();
    const bool same = stored.dtype == "F32" && std::equal(stored.shape.begin(), stored.shape.end(), shape.begin(), shape.end());
    if (!same) return fail(ErrorCode::InvalidInput, "{}: tensor '{}' has another shape than the model's", file.path().string(), tensor.name);
    const torch::NoGradGuard plain;
    const torch::Tensor lying = torch::from_blob(const_cast<std::byte*>(stored.bytes.data()), tensor.value.sizes(), torch::kFloat32);
    tensor.value.detach().copy_(lying);
    return {};
  }
  return fail(ErrorCode::InvalidInput, "{}: tensor '{}' is missing: the checkpoint is of another model or optimizer", file.path().string(),
              tensor.name);
}

}  // namespace

base::Result<void> write_checkpoint(const std::filesystem::path& path, const TrainState& state, const std::vector<NamedTensor>& tensors) {
  std::vector<base::SafetensorsEntry> entries;
  for (const NamedTensor& t : tensors) entries.push_back({t.name, "F32", {t.value.sizes().begin(), t.value.sizes().end()}});
  const auto text = [](auto value) { return fmt::format("{}", value); };
  auto file = base::SafetensorsFile::create(
      path, entries, {{"step", text(state.step)}, {"tokens", text(state.tokens)}, {"epoch", text(state.data.epoch)}, {"piece", text(state.data.piece)}});
  if (!file) return base::forward(file);
  for (const NamedTensor& t : tensors) {
    const torch::Tensor values = t.value.detach().to(torch::kCPU, torch::kFloat32).contiguous();
    if (auto written = file->write({reinterpret_cast<const std::byte*>(values.const_data_ptr<float>()), values.nbytes()}); !written) return written;
  }
  return file->finish();
}

base::Result<TrainState> read_checkpoint(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors) {
  const auto file = base::Safetensors::open(path);
  if (!file) return base::forward(file);
  const auto step = number(*file, "step"), tokens = number(*file, "tokens"), epoch = number(*file, "epoch"), piece = number(*file, "piece");
  for (const auto* value : {&step, &tokens, &epoch, &piece})
    if (!*value) return base::forward(*value);
  for (const NamedTensor& tensor : tensors)
    if (auto filled = fill(*file, tensor); !filled) return base::forward(filled);
  return TrainState{*step, *tokens, {std::uint64_t(*epoch), std::uint64_t(*piece)}};
}

}  // namespace engine

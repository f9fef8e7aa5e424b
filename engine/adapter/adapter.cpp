#include "engine/adapter/adapter.h"

#include <span>

#include "base/files.h"
#include "base/formats/safetensors.h"
#include "base/formats/safetensors_writer.h"
#include "engine/weights/gguf_blocks.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "base_model.model.", kA = ".lora_A.weight", kB = ".lora_B.weight", kWeight = ".weight";
constexpr const char *kConfigFile = "adapter_config.json", *kTensorFile = "adapter_model.safetensors";

base::Result<std::vector<float>> floats_of(const base::SafetensorsTensor& tensor, const std::string& where) {
  const auto type = tensor.dtype == "F32"    ? std::optional(base::GgmlType::F32)
                    : tensor.dtype == "F16"  ? std::optional(base::GgmlType::F16)
                    : tensor.dtype == "BF16" ? std::optional(base::GgmlType::BF16)
                                             : std::nullopt;
  if (!type) return fail(ErrorCode::Unsupported, "{}: is stored as {}: expected F32, F16 or BF16", where, tensor.dtype);
  std::vector<float> out(tensor.shape[0] * tensor.shape[1]);
  if (auto done = dequantize(*type, tensor.bytes, out); !done) return base::forward(done, where);
  return out;
}

base::Result<void> take(const base::SafetensorsTensor& tensor, const std::string& where, Adapter& adapter) {
  const std::string_view name = tensor.name;
  const bool is_a = name.ends_with(kA), is_b = name.ends_with(kB);
  if (!name.starts_with(kPrefix) || !(is_a || is_b))
    return fail(ErrorCode::Unsupported, "{}: is not known: expected {}...{} or {}", where, kPrefix, kA, kB);
  if (tensor.shape.size() != 2 || tensor.shape[0] == 0 || tensor.shape[1] == 0) return fail(ErrorCode::InvalidInput, "{}: expected a matrix", where);
  auto values = floats_of(tensor, where);
  if (!values) return base::forward(values);
  const std::string_view module = name.substr(kPrefix.size(), name.size() - kPrefix.size() - (is_a ? kA.size() : kB.size()));
  LowRank& matrix = adapter.matrices[std::string(module) + std::string(kWeight)];
  const auto rank = std::int64_t(tensor.shape[is_a ? 0 : 1]), width = std::int64_t(tensor.shape[is_a ? 1 : 0]);
  if (matrix.rank != 0 && matrix.rank != rank)
    return fail(ErrorCode::InvalidInput, "{}: is of rank {}, but its other half of rank {}", where, rank, matrix.rank);
  matrix.rank = rank;
  (is_a ? matrix.inputs : matrix.outputs) = width;
  (is_a ? matrix.a : matrix.b) = std::move(*values);
  matrix.scale = adapter.config.scale_of(module, rank);
  return {};
}

}  // namespace

base::Result<Adapter> read_adapter(const fs::path& folder) {
  const fs::path config_file = folder / kConfigFile, tensor_file = folder / kTensorFile;
  std::error_code ignored;
  if (!fs::exists(config_file, ignored))
    return fail(ErrorCode::NotFound, "{}: is no adapter: expected a folder with {} and {}", folder.string(), kConfigFile, kTensorFile);
  const auto text = base::read_file(config_file);
  if (!text) return base::forward(text);
  auto config = parse_adapter_config(*text, config_file.string());
  if (!config) return base::forward(config);
  const auto file = base::Safetensors::open(tensor_file);
  if (!file) return base::forward(file);
  Adapter adapter{folder, std::move(*config), {}};
  for (const base::SafetensorsTensor& tensor : file->tensors())
    if (auto taken = take(tensor, fmt::format("{}: tensor '{}'", tensor_file.string(), tensor.name), adapter); !taken) return base::forward(taken);
  for (const auto& [name, matrix] : adapter.matrices)
    if (matrix.a.empty() || matrix.b.empty())
      return fail(ErrorCode::InvalidInput, "{}: '{}' has only one half: expected lora_A and lora_B", tensor_file.string(), name);
  if (adapter.matrices.empty()) return fail(ErrorCode::InvalidInput, "{}: holds no tensor", tensor_file.string());
  return adapter;
}

base::Result<void> write_adapter(const fs::path& folder, const Adapter& adapter) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return fail(ErrorCode::Failed, "{}: {}", folder.string(), failed.message());
  std::vector<base::SafetensorsEntry> entries;
  std::vector<std::span<const float>> values;
  for (const auto& [name, matrix] : adapter.matrices) {
    const std::string module = std::string(kPrefix) + name.substr(0, name.size() - kWeight.size());
    entries.push_back({module + std::string(kA), "F32", {std::uint64_t(matrix.rank), std::uint64_t(matrix.inputs)}});
    entries.push_back({module + std::string(kB), "F32", {std::uint64_t(matrix.outputs), std::uint64_t(matrix.rank)}});
    values.push_back(matrix.a), values.push_back(matrix.b);
  }
  auto file = base::SafetensorsFile::create(folder / kTensorFile, entries);
  if (!file) return base::forward(file);
  for (const std::span<const float> part : values)
    if (auto written = file->write(std::as_bytes(part)); !written) return written;
  if (auto done = file->finish(); !done) return done;
  return base::write_file_atomic(folder / kConfigFile, adapter_config_json(adapter.config) + "\n");
}

}  // namespace engine

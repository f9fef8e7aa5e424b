#include "engine/weights/safetensors_source.h"

#include <map>
#include <set>

#include "base/files.h"
#include "base/formats/safetensors.h"
#include "base/json.h"
#include "base/utf8.h"

namespace engine {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::GgmlType;

// Types a checkpoint may hold beside its weights (masks, counters) are carried as integers of their width.
std::optional<GgmlType> type_of(std::string_view dtype) {
  if (dtype == "F32") return GgmlType::F32;
  if (dtype == "F16") return GgmlType::F16;
  if (dtype == "BF16") return GgmlType::BF16;
  if (dtype == "F64") return GgmlType::F64;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL") return GgmlType::I8;
  if (dtype == "I16" || dtype == "U16") return GgmlType::I16;
  if (dtype == "I32" || dtype == "U32") return GgmlType::I32;
  if (dtype == "I64" || dtype == "U64") return GgmlType::I64;
  return std::nullopt;
}

class SafetensorsSource final : public WeightSource {
 public:
  explicit SafetensorsSource(fs::path path) : path_(std::move(path)) {}

  Naming naming() const override { return Naming::HuggingFace; }
  const fs::path& path() const override { return path_; }
  std::span<const WeightView> weights() const override { return weights_; }
  const WeightView* find(std::string_view name) const override {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &weights_[found->second.view];
  }
  void expect(const WeightView& view) const override {
    if (const auto found = by_name_.find(view.name); found != by_name_.end()) files_[found->second.file]->expect(view.bytes);
  }
  void read(const WeightView& view, std::span<const std::byte> part, std::byte* into) const override {
    if (const auto found = by_name_.find(view.name); found != by_name_.end()) files_[found->second.file]->read(part, into);
  }
  void forget(const WeightView& view) const override {
    if (const auto found = by_name_.find(view.name); found != by_name_.end()) files_[found->second.file]->forget(view.bytes);
  }
  std::shared_ptr<const void> keeper(const WeightView& view) const override {
    const auto found = by_name_.find(view.name);
    return found == by_name_.end() ? nullptr : files_[found->second.file];
  }

  base::Result<void> add(const fs::path& path) {
    const auto file = base::Safetensors::open(path);
    if (!file) return base::forward(file);
    for (const base::SafetensorsTensor& tensor : file->tensors()) {
      const auto type = type_of(tensor.dtype);
      if (!type)
        return fail(ErrorCode::Unsupported, "{}: tensor '{}' is {}: expected F32, F16 or BF16", path.string(), base::sanitize_utf8(tensor.name), tensor.dtype);
      if (!by_name_.emplace(tensor.name, Place{weights_.size(), files_.size()}).second)
        return fail(ErrorCode::InvalidInput, "{}: tensor '{}' stands in another shard too", path.string(), base::sanitize_utf8(tensor.name));
      weights_.push_back({tensor.name, *type, {tensor.shape.begin(), tensor.shape.end()}, tensor.bytes});
    }
    files_.push_back(file->shared_file());
    return {};
  }

 private:
  struct Place {
    std::size_t view = 0, file = 0;
  };
  fs::path path_;
  std::vector<std::shared_ptr<const base::MappedFile>> files_;
  std::vector<WeightView> weights_;
  std::map<std::string, Place, std::less<>> by_name_;
};

// A shard is a file beside its index; a path that leads elsewhere is not followed.
bool plain_file_name(const std::string& name) { return !name.empty() && name.find('/') == std::string::npos && name != "." && name != ".."; }

base::Result<void> add_shards(const fs::path& index, SafetensorsSource& source) {
  const auto text = base::read_file(index);
  if (!text) return base::forward(text);
  const auto json = base::parse_json(*text, index.string());
  if (!json) return base::forward(json);
  const base::Json* map = base::find_field(*json, "weight_map");
  if (!map || !map->is_object() || map->empty())
    return fail(ErrorCode::InvalidInput, "{}: 'weight_map' is missing: expected an object from tensor to shard", index.string());
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string() || !plain_file_name(shard.get<std::string>()))
      return fail(ErrorCode::InvalidInput, "{}: tensor '{}' lies in {}: expected the name of a file beside the index", index.string(),
                  base::sanitize_utf8(tensor), base::dump_json(shard));
    shards.insert(shard.get<std::string>());
  }
  std::error_code ignored;
  for (const std::string& shard : shards) {
    const fs::path file = index.parent_path() / shard;
    if (!fs::exists(file, ignored))
      return fail(ErrorCode::NotFound, "{}: shard '{}' is missing, one of {} that the index names", index.parent_path().string(), base::sanitize_utf8(shard), shards.size());
    if (auto added = source.add(file); !added) return added;
  }
  for (const auto& [tensor, shard] : map->items())
    if (!source.find(tensor))
      return fail(ErrorCode::InvalidInput, "{}: tensor '{}' is not in its shard '{}'", index.string(), base::sanitize_utf8(tensor), shard.get<std::string>());
  return {};
}

// The folder has no safetensors: what there is instead decides what to tell the user.
std::unexpected<base::Error> nothing_to_read(const fs::path& folder) {
  std::error_code problem;
  std::string pickled, gguf;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string(), extension = entry.path().extension().string();
    if (extension == ".bin" || extension == ".pt" || extension == ".pth") pickled = std::min(pickled.empty() ? name : pickled, name);
    if (extension == ".gguf") gguf = std::min(gguf.empty() ? name : gguf, name);
    if (name == "adapter_model.safetensors")
      return fail(ErrorCode::Unsupported, "{}: holds only an adapter (adapter_model.safetensors): merge it into its base model first", folder.string());
  }
  if (problem) return fail(ErrorCode::Failed, "{}: {}", folder.string(), problem.message());
  if (!gguf.empty()) return fail(ErrorCode::InvalidInput, "{}: holds no model.safetensors but '{}': name that file itself", folder.string(), gguf);
  if (!pickled.empty())
    return fail(ErrorCode::Unsupported,
                "{0}: holds only pickled PyTorch weights ({1}), which can run code when read: convert them with "
                "python -c \"from transformers import AutoModelForCausalLM as M; M.from_pretrained('{0}').save_pretrained('{0}', safe_serialization=True)\"",
                folder.string(), pickled);
  return fail(ErrorCode::NotFound, "{}: holds no weights: expected model.safetensors or model.safetensors.index.json", folder.string());
}

}  // namespace

base::Result<std::unique_ptr<WeightSource>> open_safetensors_source(const fs::path& path) {
  auto source = std::make_unique<SafetensorsSource>(path);
  std::error_code ignored;
  const bool folder = fs::is_directory(path, ignored);
  const fs::path single = folder ? path / "model.safetensors" : path, index = path / "model.safetensors.index.json";
  base::Result<void> added;
  if (!folder || fs::exists(single, ignored)) added = source->add(single);
  else if (fs::exists(index, ignored)) added = add_shards(index, *source);
  else return nothing_to_read(path);
  if (!added) return base::forward(added);
  return std::unique_ptr<WeightSource>(std::move(source));
}

}  // namespace engine

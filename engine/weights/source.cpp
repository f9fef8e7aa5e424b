#include "engine/weights/source.h"

#include <cstring>
#include <map>

#include "engine/weights/safetensors_source.h"

namespace engine {
namespace {

namespace fs = std::filesystem;

class GgufSource final : public WeightSource {
 public:
  explicit GgufSource(base::Gguf file) : path_(file.path()), file_(file.shared_file()) {
    for (const base::GgufTensor& tensor : file.tensors())
      weights_.push_back({tensor.name, tensor.type, {tensor.shape.begin(), tensor.shape.end()}, tensor.bytes});
    for (std::size_t i = 0; i < weights_.size(); ++i) by_name_.emplace(weights_[i].name, i);
  }

  Naming naming() const override { return Naming::Gguf; }
  const fs::path& path() const override { return path_; }
  std::span<const WeightView> weights() const override { return weights_; }
  const WeightView* find(std::string_view name) const override {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &weights_[found->second];
  }
  void read(const WeightView&, std::span<const std::byte> part, std::byte* into) const override { file_->read(part, into); }
  void expect(const WeightView& view) const override { file_->expect(view.bytes); }
  void forget(const WeightView& view) const override { file_->forget(view.bytes); }
  std::shared_ptr<const void> keeper(const WeightView&) const override { return file_; }

 private:
  fs::path path_;
  std::shared_ptr<const base::MappedFile> file_;
  std::vector<WeightView> weights_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace

void WeightSource::read(const WeightView&, std::span<const std::byte> part, std::byte* into) const { std::memcpy(into, part.data(), part.size()); }

WeightView rows_of(const WeightView& view, std::int64_t first, std::int64_t count) {
  WeightView part = view;
  const std::size_t row = view.bytes.size() / std::size_t(view.shape.at(0));
  part.shape[0] = count;
  part.bytes = view.bytes.subspan(std::size_t(first) * row, std::size_t(count) * row);
  return part;
}

base::Result<std::unique_ptr<WeightSource>> open_weights(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return base::fail(base::ErrorCode::NotFound, "{}: there is no such file or folder", path.string());
  if (fs::is_directory(path, ignored) || path.extension() == ".safetensors") return open_safetensors_source(path);
  auto file = base::Gguf::open(path);
  if (!file) return base::forward(file);
  return std::make_unique<GgufSource>(std::move(*file));
}

}  // namespace engine

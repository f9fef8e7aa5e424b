// source.h: the weights of a model as named ranges of bytes, wherever they are stored.
// open_weights(path): a folder of safetensors (one file, or shards with an index) or a .gguf file; then find() by name.
// Views point into mapped files that the source keeps alive, and so does whoever holds a keeper(). Immutable; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/formats/gguf.h"
#include "base/result.h"

namespace engine {

struct WeightView {
  std::string name;
  base::GgmlType type = base::GgmlType::F32;  // safetensors' F32, F16 and BF16 are the same types
  std::vector<std::int64_t> shape;            // row-major, outermost first, whatever the file's own order
  std::span<const std::byte> bytes;
};

// Rows [first, first + count) of it.
WeightView rows_of(const WeightView& view, std::int64_t first, std::int64_t count);

enum class Naming { HuggingFace, Gguf };

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  virtual Naming naming() const = 0;
  virtual const std::filesystem::path& path() const = 0;
  virtual std::span<const WeightView> weights() const = 0;
  virtual const WeightView* find(std::string_view name) const = 0;
  // Copies bytes of a view, or of rows of it, to where there is room for them.
  virtual void read(const WeightView& view, std::span<const std::byte> part, std::byte* into) const;
  virtual void expect(const WeightView&) const {}         // it will be read now
  virtual void forget(const WeightView& view) const = 0;  // its pages are not needed again soon
  // What keeps a view's bytes where they are for as long as it is held, past the source's own end; null where nothing can.
  virtual std::shared_ptr<const void> keeper(const WeightView&) const { return nullptr; }
};

base::Result<std::unique_ptr<WeightSource>> open_weights(const std::filesystem::path& path);

}  // namespace engine

#include "engine/torch/load_parameters.h"

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "engine/kernels/pack_file.h"
#include "engine/quant/grouped.h"
#include "engine/weights/gguf_blocks.h"
#include "engine/weights/resident.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::int64_t kPart = std::int64_t(1) << 17;  // weights a thread copies at a time: in its nearer caches

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

class Loader {
 public:
  Loader(const WeightSource& source, const LoadTarget& target) : source_(source), target_(target) {}

  base::Result<void> fill(const Slot& slot, Loaded& loaded);
  base::Result<torch::Tensor> plain(const WeightView& view, const Layout& layout, torch::Device device, torch::Dtype dtype);
  const std::set<std::string>& used() const { return used_; }
  const WeightView* find_by_any_name(const Slot& slot) const;
  Held held(const Slot& slot, const WeightView& view, bool packed) const;

 private:
  base::Result<const WeightView*> find(const Slot& slot);
  std::optional<torch::Tensor> kept(const WeightView& view, torch::Dtype dtype);
  base::Result<torch::Tensor> copied(const WeightView& view, torch::Dtype dtype) const;
  base::Result<PackedWeight> packed(const Slot& slot, const WeightView& view);
  base::Result<GroupedWeight> rounded(const Slot& slot, const WeightView& view, const Layout& stored);
  std::string in_file(const WeightView& view) const { return fmt::format("{}: tensor '{}'", source_.path().string(), view.name); }
  base::Result<void> fill_matrix(const Slot& slot, const WeightView& view, Loaded& loaded);
  base::Result<void> fill_vector(const Slot& slot, const WeightView& view, Loaded& loaded);
  const Layout& layout(const Slot& slot) const { return source_.naming() == Naming::Gguf ? slot.in_gguf : slot.in_hugging_face; }

  const WeightSource& source_;
  const LoadTarget& target_;
  std::set<std::string> used_;
  std::set<std::string> kept_;  // views that parameters lie in
};

std::vector<std::int64_t> shape_in_file(const Slot& slot, const Layout& layout) {
  std::vector<std::int64_t> shape = slot.shape;
  if (layout.of_rows > 0) shape[0] = layout.of_rows;
  if (layout.transposed) std::swap(shape[0], shape[1]);
  if (layout.stacked > 0) shape.insert(shape.begin(), layout.stacked);
  return shape;
}

const WeightView* Loader::find_by_any_name(const Slot& slot) const {
  if (source_.naming() == Naming::Gguf) return source_.find(slot.gguf);
  if (const WeightView* view = source_.find(slot.hugging_face)) return view;
  if (const WeightView* view = source_.find(without_model_prefix(slot.hugging_face))) return view;
  for (const std::string& name : slot.also)
    if (const WeightView* view = source_.find(name)) return view;
  return nullptr;
}

base::Result<const WeightView*> Loader::find(const Slot& slot) {
  const std::vector<std::int64_t> expected = shape_in_file(slot, layout(slot));
  const WeightView* view = find_by_any_name(slot);
  if (!view)
    return fail(ErrorCode::InvalidInput, "{}: tensor '{}' is missing (shape {} expected)", source_.path().string(),
                source_.naming() == Naming::Gguf ? slot.gguf : slot.hugging_face, shape_text(expected));
  if (view->shape != expected)
    return fail(ErrorCode::InvalidInput, "{}: tensor '{}' has shape {}, expected {}", source_.path().string(), view->name, shape_text(view->shape),
                shape_text(expected));
  used_.insert(view->name);
  return view;
}

// The file's own bytes as a tensor, where libtorch knows the type: such a tensor need not become floats first. It lives as long
// as the view, or as the keeper.
std::optional<torch::Tensor> mapped(const WeightView& view, std::shared_ptr<const void> keeper = nullptr) {
  const auto as = [&](torch::Dtype dtype) -> std::optional<torch::Tensor> {
    if (reinterpret_cast<std::uintptr_t>(view.bytes.data()) % torch::elementSize(dtype) != 0) return std::nullopt;  // a file need not align
    void* const bytes = const_cast<std::byte*>(view.bytes.data());
    if (!keeper) return torch::from_blob(bytes, view.shape, dtype);
    return torch::from_blob(bytes, view.shape, [keeper](void*) {}, dtype);
  };
  switch (view.type) {
    case base::GgmlType::F32: return as(torch::kFloat32);
    case base::GgmlType::F16: return as(torch::kFloat16);
    case base::GgmlType::BF16: return as(torch::kBFloat16);
    default: return std::nullopt;
  }
}

// A matrix that the file holds in the dtype wanted is used where it lies: nothing is copied, and processes with the same model
// share its memory. The mapping is read-only: whoever wrote into such a parameter would end the program. Vectors are copied, so
// that a model whose matrices are converted needs its file no more.
std::optional<torch::Tensor> Loader::kept(const WeightView& view, torch::Dtype dtype) {
  auto keeper = view.shape.size() == 2 ? source_.keeper(view) : nullptr;
  if (!keeper) return std::nullopt;
  auto tensor = mapped(view, std::move(keeper));
  if (!tensor || tensor->scalar_type() != dtype) return std::nullopt;
  source_.expect(view);
  kept_.insert(view.name);
  return tensor;
}

// The whole tensor, part by part on all threads, so that the file's pages and the copy never stand in memory both.
base::Result<torch::Tensor> Loader::copied(const WeightView& view, torch::Dtype dtype) const {
  const auto block = base::ggml_block(view.type);
  if (std::vector<float> probe(block ? block->elements : 0); !block || !mapped(view))
    if (auto known = dequantize(view.type, view.bytes.first(block ? block->bytes : 0), probe); !known) return base::forward(known, in_file(view));
  torch::Tensor out = torch::empty(view.shape, dtype);
  const std::int64_t rows = view.shape[0], each = std::max<std::int64_t>(1, kPart * rows / std::max<std::int64_t>(1, out.numel()));
  const at::ThreadLocalState state;
  at::parallel_for(0, (rows + each - 1) / each, 1, [&](std::int64_t first_part, std::int64_t last_part) {
    const at::ThreadLocalStateGuard same_mode(state);
    std::vector<std::byte> bytes;  // read rather than touched where mapped: the page cache copies for less than a mapping's faults
    for (std::int64_t first = first_part * each; first < std::min(rows, last_part * each); first += each) {
      WeightView part = rows_of(view, first, std::min(each, rows - first));
      bytes.resize(part.bytes.size());
      source_.read(view, part.bytes, bytes.data());
      part.bytes = bytes;
      std::optional<torch::Tensor> values = mapped(part);
      if (!values) {
        values = torch::empty(part.shape, torch::kFloat32);
        (void)dequantize(part.type, part.bytes, std::span(values->mutable_data_ptr<float>(), size_t(values->numel())));  // of a type tried above
      }
      out.narrow(0, first, part.shape[0]).copy_(*values);
    }
  });
  base::prefer_huge_pages(out.mutable_data_ptr(), out.nbytes());  // once filled: huge pages cleared at the first touch can take ten times a read
  return out;
}

base::Result<torch::Tensor> Loader::plain(const WeightView& view, const Layout& layout, torch::Device device, torch::Dtype dtype) {
  const bool as_it_is = !layout.transposed && layout.rows.empty() && layout.less == 0 && layout.stacked == 0;
  if (as_it_is && device.is_cpu() && !view.shape.empty() && view.shape[0] > 0) {
    if (auto in_file = kept(view, dtype)) return *in_file;
    return copied(view, dtype);
  }
  std::optional<torch::Tensor> values = mapped(view);
  bool in_place = values.has_value();
  if (!values) {
    values = torch::empty(view.shape, torch::kFloat32);
    if (auto done = dequantize(view.type, view.bytes, std::span(values->mutable_data_ptr<float>(), size_t(values->numel()))); !done)
      return base::forward(done, in_file(view));
  }
  if (layout.stacked > 0) values = values->select(0, layout.place);
  if (layout.transposed) values = values->t();
  if (!layout.rows.empty()) values = values->index_select(0, torch::tensor(layout.rows, torch::kInt64)), in_place = false;
  if (layout.less != 0) values = values->to(torch::kFloat32) + layout.less, in_place = false;
  return values->to(device, dtype, /*non_blocking=*/false, /*copy=*/in_place).contiguous();
}

// Rounded to few bits: straight from the file where it stores rows as the model has them.
base::Result<GroupedWeight> Loader::rounded(const Slot& slot, const WeightView& view, const Layout& stored) {
  const int bits = rounded_bits(target_.quant, slot.table);
  if (!stored.transposed && stored.less == 0 && stored.stacked == 0)
    return quantize({view.type, view.bytes, view.shape[0], view.shape[1], stored.rows}, bits, at::get_num_threads());
  auto floats = plain(view, stored, torch::kCPU, torch::kFloat32);
  if (!floats) return base::forward(floats);
  return quantize({floats->const_data_ptr<float>(), size_t(floats->numel())}, slot.shape[0], slot.shape[1], bits);
}

Held Loader::held(const Slot& slot, const WeightView& view, bool packed) const {
  const Layout& stored = layout(slot);
  return how_held(view.type, target_.quant,
                  {.table = slot.table, .rows_as_stored = !stored.transposed && stored.stacked == 0, .columns = slot.shape[1], .packed = packed});
}

// Straight from the file where it stores rows as the model has them.
base::Result<PackedWeight> Loader::packed(const Slot& slot, const WeightView& view) {
  const Layout& stored = layout(slot);
  const FileMatrix file{{view.type, view.bytes, view.shape[0], view.shape[1], stored.rows},
                        [&](std::span<const std::byte> part, std::byte* into) { source_.read(view, part, into); }};
  const int bits = rounded_bits(target_.quant, slot.table);
  if (held(slot, view, true) == Held::AsStored) return pack_stored(file, *target_.pack, target_.arena);
  if (!stored.transposed && stored.less == 0 && stored.stacked == 0) return pack_rounded(file, bits, *target_.pack, target_.arena);
  auto grouped = rounded(slot, view, stored);
  if (!grouped) return base::forward(grouped);
  return pack(*grouped, target_.pack, target_.arena);
}

base::Result<void> Loader::fill_matrix(const Slot& slot, const WeightView& view, Loaded& loaded) {
  const Layout& stored = layout(slot);
  const std::int64_t before = slot.matrix->bytes();
  const torch::Dtype products = target_.products.value_or(target_.dtype);
  if (target_.pack) {
    auto weight = packed(slot, view);
    if (!weight) return base::forward(weight, in_file(view));
    slot.matrix->set(std::move(*weight));
  } else if (const Held held = this->held(slot, view, false); held != Held::Expanded) {
    source_.expect(view);
    auto grouped = held == Held::AsStored ? repack({view.type, view.bytes, view.shape[0], view.shape[1], stored.rows}, at::get_num_threads())
                                          : rounded(slot, view, stored);
    if (!grouped) return base::forward(grouped, in_file(view));
    slot.matrix->set(std::move(*grouped), target_.device, products);
  } else {
    auto weight = plain(view, stored, target_.device, slot.table ? target_.dtype : products);
    if (!weight) return base::forward(weight);
    slot.matrix->set(std::move(*weight));
  }
  loaded.resident_bytes += slot.matrix->bytes() - before;  // the bias may be there already
  return {};
}

base::Result<void> Loader::fill_vector(const Slot& slot, const WeightView& view, Loaded& loaded) {
  auto vector = plain(view, layout(slot), target_.device, slot.wide ? torch::kFloat32 : target_.dtype);
  if (!vector) return base::forward(vector);
  loaded.resident_bytes += std::int64_t(vector->nbytes());
  if (slot.norm) slot.norm->set(std::move(*vector));
  else if (slot.norm_bias) slot.norm_bias->set_bias(std::move(*vector));
  else slot.bias->set_bias(std::move(*vector));
  return {};
}

base::Result<void> Loader::fill(const Slot& slot, Loaded& loaded) {
  auto view = find(slot);
  if (!view) return base::forward(view);
  loaded.parameters += [&] { std::int64_t n = 1; for (const auto d : slot.shape) n *= d; return n; }();
  const auto filled = slot.matrix ? fill_matrix(slot, **view, loaded) : fill_vector(slot, **view, loaded);
  if (filled && !kept_.contains((*view)->name)) source_.forget(**view);
  return filled;
}

base::Result<void> nothing_unused(const Model& model, const WeightSource& source, const std::set<std::string>& used) {
  std::vector<std::string> unused;
  for (const WeightView& view : source.weights())
    if (!used.contains(view.name) && !derived_anyway(view.name) && !repeats_the_table(view.name, model.config())) unused.push_back(view.name);
  if (unused.empty()) return {};
  const size_t shown = std::min<size_t>(unused.size(), 4);
  return fail(ErrorCode::InvalidInput, "{}: holds {} tensor{} that architecture '{}' has no use for: {}{}", source.path().string(), unused.size(),
              unused.size() == 1 ? "" : "s", model.config().architecture, fmt::join(unused.begin(), unused.begin() + std::ptrdiff_t(shown), ", "),
              unused.size() > shown ? ", ..." : "");
}

}  // namespace

bool all_grouped(Model& model, const WeightSource& source, Quant quant) {
  const LoadTarget target{torch::kCPU, torch::kFloat32, quant};
  const Loader loader(source, target);
  for (const Slot& slot : model.slots()) {
    if (!slot.matrix) continue;
    const WeightView* view = loader.find_by_any_name(slot);
    if (!view || loader.held(slot, *view, true) == Held::Expanded) return false;
  }
  return true;
}

base::Result<Loaded> load_parameters(Model& model, const WeightSource& source, const LoadTarget& target, const Progress& progress,
                                     std::stop_token stop) {
  Loaded loaded;
  loaded.stored_as = stored_type(source);
  Loader loader(source, target);
  const std::vector<Slot> slots = model.slots();
  for (size_t i = 0; i < slots.size(); ++i) {
    if (stop.stop_requested()) return base::cancelled();
    if (auto filled = loader.fill(slots[i], loaded); !filled) return base::forward(filled);
    if (progress) progress(double(i + 1) / double(slots.size()));
  }
  if (auto fine = nothing_unused(model, source, loader.used()); !fine) return base::forward(fine);
  if (const WeightView* factors = source.find("rope_freqs.weight")) {
    const std::vector<std::int64_t> wanted{model.config().rotary_width / 2};
    if (factors->shape != wanted)
      return fail(ErrorCode::InvalidInput, "{}: tensor 'rope_freqs.weight' has shape {}, expected {}", source.path().string(),
                  shape_text(factors->shape), shape_text(wanted));
    auto values = loader.plain(*factors, {}, torch::kCPU, torch::kFloat32);
    if (!values) return base::forward(values);
    loaded.rope_factors = std::move(*values);
  }
  return loaded;
}

}  // namespace engine

#include "engine/train/save_model.h"

#include <map>

#include "base/formats/safetensors_writer.h"
#include "engine/train/parameters.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

// What load_parameters() undoes, done: the model's tensor as the file has it.
torch::Tensor as_stored(torch::Tensor value, const Layout& layout) {
  if (layout.less != 0) value = value - layout.less;
  if (!layout.rows.empty()) {
    torch::Tensor rows = torch::empty_like(value);
    rows.index_copy_(0, torch::tensor(layout.rows, torch::kInt64), value);
    value = rows;
  }
  return layout.transposed ? value.t() : value;
}

torch::Dtype torch_dtype(std::string_view dtype) { return dtype == "BF16" ? torch::kBFloat16 : dtype == "F16" ? torch::kFloat16 : torch::kFloat32; }

}  // namespace

base::Result<void> can_save(Model& model) {
  const std::string& architecture = model.config().architecture;
  for (const Slot& slot : model.slots())
    if (slot.in_hugging_face.stacked > 0 || slot.in_hugging_face.of_rows > 0)
      return fail(ErrorCode::Unsupported, "architecture '{}' cannot be written yet: tensor '{}' shares its place in the file with others",
                  architecture, slot.hugging_face);
  return {};
}

base::Result<void> save_weights(Model& model, const std::filesystem::path& path, std::string_view dtype) {
  const torch::NoGradGuard plain;
  std::vector<base::SafetensorsEntry> entries;
  std::vector<torch::Tensor> values;
  if (auto can = can_save(model); !can) return base::forward(can, path.string());
  for (const Slot& slot : model.slots()) {
    const torch::Tensor wide = tensor_of(slot).detach().to(torch::kCPU, torch::kFloat32);
    torch::Tensor value = as_stored(wide, slot.in_hugging_face).to(torch_dtype(dtype)).contiguous();
    entries.push_back({slot.hugging_face, std::string(dtype), {value.sizes().begin(), value.sizes().end()}});
    values.push_back(std::move(value));
  }
  auto file = base::SafetensorsFile::create(path, entries);
  if (!file) return base::forward(file);
  for (const torch::Tensor& value : values)
    if (auto written = file->write({static_cast<const std::byte*>(value.const_data_ptr()), value.nbytes()}); !written) return written;
  return file->finish();
}

}  // namespace engine

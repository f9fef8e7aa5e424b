#include "engine/train/lora.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace engine {
namespace {

std::string module_of(const std::string& name) { return name.substr(0, name.size() - std::string_view(".weight").size()); }
std::string last_part(const std::string& module) { return module.substr(module.rfind('.') + 1); }

std::vector<float> floats_of(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()};
}

}  // namespace

base::Result<LoraWeights> LoraWeights::attach(Model& model, const LoraSettings& settings, std::uint64_t seed, torch::Device device) {
  LoraWeights out;
  std::set<std::string> modules, known;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  for (const Slot& slot : model.slots()) {
    if (!slot.matrix || slot.table || is_head(slot)) continue;
    const std::string module = last_part(module_of(slot.hugging_face));
    known.insert(module);
    if (!settings.modules.empty() && std::ranges::find(settings.modules, module) == settings.modules.end()) continue;
    if (slot.in_hugging_face.stacked > 0 || slot.in_hugging_face.of_rows > 0)
      return base::fail(base::ErrorCode::Unsupported, "'{}' shares its place in the file with others: no adapter can be written for it", slot.hugging_face);
    const std::int64_t outputs = slot.shape[0], inputs = slot.shape[1];
    const double bound = 1 / std::sqrt(double(inputs));  // as peft begins
    torch::Tensor a = torch::empty({settings.rank, inputs}).uniform_(-bound, bound, generator).to(device).set_requires_grad(true);
    torch::Tensor b = torch::zeros({outputs, settings.rank}).to(device).set_requires_grad(true);
    slot.matrix->set_low_rank({a, b, settings.alpha / double(settings.rank)});
    out.pairs_.push_back({slot.hugging_face, slot.in_hugging_face, a, b});
    out.config_.transposed_base |= slot.in_hugging_face.transposed;
    modules.insert(module);
  }
  for (const std::string& module : settings.modules)
    if (!known.contains(module))
      return base::fail(base::ErrorCode::InvalidInput, "'{}' is no matrix of architecture '{}': expected some of {}", module, model.config().architecture,
                        fmt::join(known, ", "));
  out.config_.rank = settings.rank, out.config_.alpha = settings.alpha, out.config_.base_model = settings.base_model;
  out.config_.modules.assign(modules.begin(), modules.end());
  return out;
}

std::vector<Parameter> LoraWeights::parameters() const {
  std::vector<Parameter> out;
  for (const Pair& pair : pairs_) {
    out.push_back({module_of(pair.name) + ".lora_A.weight", pair.a_RI, Parameter::Kind::Matrix});
    out.push_back({module_of(pair.name) + ".lora_B.weight", pair.b_OR, Parameter::Kind::Matrix});
  }
  return out;
}

Adapter LoraWeights::adapter() const {
  Adapter adapter{{}, config_, {}};
  for (const Pair& pair : pairs_) {
    torch::Tensor b = pair.b_OR.detach().to(torch::kCPU);
    if (!pair.in_hugging_face.rows.empty()) {
      torch::Tensor rows = torch::empty_like(b);
      rows.index_copy_(0, torch::tensor(pair.in_hugging_face.rows, torch::kInt64), b);
      b = rows;
    }
    adapter.matrices[pair.name] = {pair.a_RI.size(0), pair.a_RI.size(1), b.size(0), floats_of(pair.a_RI), floats_of(b), 1};
  }
  return adapter;
}

}  // namespace engine

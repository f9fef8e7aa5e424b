#include "engine/models/registry.h"

#include <fmt/format.h>

namespace engine {

// Each defined at the end of its own file.
extern const Architecture kBigCode, kBloom, kGemma, kGpt2, kGranite, kLlama, kMistral, kNeox, kQwen2, kQwen3, kStableLm, kStarcoder2;

namespace {
const Architecture* const kArchitectures[] = {&kBigCode, &kBloom, &kGemma, &kGpt2, &kGranite, &kLlama,
                                              &kMistral, &kNeox, &kQwen2, &kQwen3, &kStableLm, &kStarcoder2};
}  // namespace

torch::Tensor Model::hidden(const Batch&) { TORCH_CHECK(false, "architecture '", config().architecture, "' cannot be trained"); }
torch::Tensor Model::logits(const torch::Tensor&) { TORCH_CHECK(false, "architecture '", config().architecture, "' cannot be trained"); }

std::vector<AdapterPlace> Model::adapter_places() {
  std::vector<AdapterPlace> out;
  for (const Slot& slot : slots()) {
    if (!slot.matrix || slot.table) continue;
    const auto set = [linear = slot.matrix](const LowRank* low) {
      if (!low) return linear->set_low_rank({});
      const auto tensor = [&](const std::vector<float>& values, std::int64_t rows, std::int64_t columns) {
        return torch::from_blob(const_cast<float*>(values.data()), {rows, columns}, torch::kFloat32).to(linear->low_rank_options(), false, /*copy=*/true);
      };
      linear->set_low_rank({tensor(low->a, low->rank, low->inputs), tensor(low->b, low->outputs, low->rank), low->scale});
    };
    out.push_back({slot.hugging_face, slot.shape, slot.in_hugging_face, set});
  }
  return out;
}

base::Result<std::unique_ptr<Model>> make_model(const ModelConfig& config) {
  std::string known;
  for (const Architecture* architecture : kArchitectures) {
    if (architecture->name == config.architecture) return architecture->make(config);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", architecture->name);
  }
  return base::fail(base::ErrorCode::Unsupported, "architecture '{}' is not supported: this build runs {}", config.architecture, known);
}

}  // namespace engine

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

base::Result<std::unique_ptr<Model>> make_model(const ModelConfig& config) {
  std::string known;
  for (const Architecture* architecture : kArchitectures) {
    if (architecture->name == config.architecture) return architecture->make(config);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", architecture->name);
  }
  return base::fail(base::ErrorCode::Unsupported, "architecture '{}' is not supported: this build runs {}", config.architecture, known);
}

}  // namespace engine

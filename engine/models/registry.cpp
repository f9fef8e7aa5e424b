#include "engine/models/registry.h"

#include <fmt/format.h>

namespace engine {

extern const Architecture kGpt2, kNeox, kBloom, kBigCode, kStarcoder2, kLlama;  // each defined at the end of its own file

namespace {
const Architecture* const kArchitectures[] = {&kGpt2, &kNeox, &kBloom, &kBigCode, &kStarcoder2, &kLlama};
}  // namespace

base::Result<std::unique_ptr<Model>> make_model(const ModelConfig& config) {
  std::string known;
  for (const Architecture* architecture : kArchitectures) {
    if (architecture->name == config.architecture) return architecture->make(config);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", architecture->name);
  }
  return base::fail(base::ErrorCode::Unsupported, "architecture '{}' is not supported: this build runs {}", config.architecture, known);
}

}  // namespace engine

#include "engine/models/registry.h"

#include <fmt/format.h>

namespace engine {

extern const Architecture kLlama;  // each defined at the end of its own file

namespace {
const Architecture* const kArchitectures[] = {&kLlama};
}  // namespace

base::Result<std::unique_ptr<Model>> make_model(const ModelConfig& config) {
  std::string known;
  for (const Architecture* architecture : kArchitectures) {
    if (architecture->name == config.architecture) return architecture->make(config);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", architecture->name);
  }
  return base::fail(base::ErrorCode::Unsupported, "architecture '{}' is not supported: this build runs {}", config.architecture, known);
}

std::string numbered(std::string_view name, std::int64_t layer) {
  std::string out(name);
  if (const size_t at = out.find("{}"); at != std::string::npos) out.replace(at, 2, std::to_string(layer));
  return out;
}

}  // namespace engine

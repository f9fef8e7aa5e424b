// mistral.cpp: Mistral (Jiang et al. 2023, arXiv 2310.06825) and Codestral: LLaMA's wiring and names; every layer has the window
// of attention that the configuration says. GGUF calls it llama.
#include "engine/models/llama.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

std::unique_ptr<Model> make_mistral(const ModelConfig& config) { return make_llama_like(config, GgufRotary::Permuted); }

}  // namespace

extern const Architecture kMistral;
const Architecture kMistral = {"mistral", make_mistral};

}  // namespace engine

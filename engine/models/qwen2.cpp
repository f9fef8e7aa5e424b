// qwen2.cpp: Qwen2 (Yang et al. 2024, arXiv 2407.10671) and Qwen2.5-Coder: LLaMA's wiring with biases of queries, keys and
// values, and a window of attention in the upper layers where the configuration asks for it. GGUF keeps its rotary rows.
#include "engine/models/llama.h"
#include "engine/models/registry.h"

namespace engine {
namespace {

std::unique_ptr<Model> make_qwen2(const ModelConfig& config) { return make_llama_like(config, GgufRotary::AsIs); }

}  // namespace

extern const Architecture kQwen2;
const Architecture kQwen2 = {"qwen2", make_qwen2};

}  // namespace engine

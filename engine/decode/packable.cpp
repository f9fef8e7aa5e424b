#include "engine/decode/packable.h"

#include <algorithm>

namespace engine {
namespace {

// A window as long as the context hides nothing.
bool sees_all(const ModelConfig& c) {
  for (std::int64_t layer = 0; layer < c.layers; ++layer)
    if (const std::int64_t window = c.window_of(layer); window > 0 && window < c.context_length) return false;
  return true;
}

bool wired_like_llama(const ModelConfig& c) {
  constexpr std::string_view kFamilies[] = {"llama", "mistral", "qwen2", "qwen3", "granite"};
  return std::find(std::begin(kFamilies), std::end(kFamilies), c.architecture) != std::end(kFamilies) && c.activation == Activation::Silu;
}

}  // namespace

bool packable(const ModelConfig& c) {
  return wired_like_llama(c) && sees_all(c) && c.width % 32 == 0 && c.mlp_width % 32 == 0 && c.heads * c.head_width % 32 == 0 && c.head_width % 16 == 0 &&
         c.kv_heads > 0 && c.heads % c.kv_heads == 0 && c.rotary_width == c.head_width;
}

}  // namespace engine

#include "engine/convert/shapes.h"

#include <fmt/ranges.h>

#include <cmath>

namespace engine {
namespace {

struct Shape {
  const char *name, *architecture;
  std::int64_t vocabulary, context, layers, width, mlp, heads, kv_heads;
  bool tied;
  double theta, epsilon, linear = 1;  // linear: rope scaling's factor
};

constexpr Shape kShapes[] = {
    {"llama-10m", "llama", 8192, 2048, 6, 320, 896, 5, 5, true, 1e4, 1e-5},
    {"smollm2-135m", "llama", 49152, 8192, 30, 576, 1536, 9, 3, true, 1e5, 1e-5},
    {"smollm2-360m", "llama", 49152, 8192, 32, 960, 2560, 15, 5, true, 1e5, 1e-5},
    {"smollm2-1.7b", "llama", 49152, 8192, 24, 2048, 8192, 32, 32, true, 1.3e5, 1e-5},
    {"deepseek-coder-1.3b", "llama", 32256, 16384, 24, 2048, 5504, 16, 16, false, 1e5, 1e-6, 4},
    {"codellama-7b", "llama", 32016, 16384, 32, 4096, 11008, 32, 32, false, 1e6, 1e-5},
    {"qwen2.5-coder-0.5b", "qwen2", 151936, 32768, 24, 896, 4864, 14, 2, true, 1e6, 1e-6},
    {"qwen2.5-coder-1.5b", "qwen2", 151936, 32768, 28, 1536, 8960, 12, 2, true, 1e6, 1e-6},
    {"qwen2.5-coder-3b", "qwen2", 151936, 32768, 36, 2048, 11008, 16, 2, true, 1e6, 1e-6},
    {"qwen2.5-coder-7b", "qwen2", 152064, 32768, 28, 3584, 18944, 28, 4, false, 1e6, 1e-6},
};

ModelConfig config_of(const Shape& s) {
  ModelConfig c;
  c.architecture = s.architecture, c.name = std::string("random ") + s.name;
  c.vocab_size = s.vocabulary, c.context_length = s.context;
  c.layers = s.layers, c.width = s.width, c.mlp_width = s.mlp;
  c.heads = s.heads, c.kv_heads = s.kv_heads, c.head_width = s.width / s.heads;
  c.norm_epsilon = s.epsilon, c.tied_embeddings = s.tied;
  c.attention_bias = c.architecture == "qwen2";
  c.rotary_width = c.head_width, c.attention_scale = 1 / std::sqrt(double(c.head_width));
  c.rope.theta = s.theta;
  if (s.linear > 1) c.rope.scaling = RopeScaling::Linear, c.rope.factor = s.linear, c.rope.original_context = double(s.context);
  return c;
}

}  // namespace

base::Result<ModelConfig> find_shape(std::string_view name) {
  for (const Shape& shape : kShapes)
    if (name == shape.name) return config_of(shape);
  return base::fail(base::ErrorCode::NotFound, "there is no shape '{}': expected one of {}", name, fmt::join(shape_names(), ", "));
}

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const Shape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

}  // namespace engine

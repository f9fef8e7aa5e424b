#include "engine/convert/gguf_metadata.h"

#include <cmath>
#include <numbers>

namespace engine {
namespace {

using base::GgmlType;

class Keys {
 public:
  Keys(base::GgufHeader& header, std::string prefix) : header_(header), prefix_(std::move(prefix)) {}
  void integer(std::string_view field, std::int64_t value) { header_.u32(prefix_ + std::string(field), static_cast<std::uint32_t>(value)); }
  void number(std::string_view field, double value) { header_.f32(prefix_ + std::string(field), static_cast<float>(value)); }
  void text(std::string_view field, std::string_view value) { header_.text(prefix_ + std::string(field), value); }

 private:
  base::GgufHeader& header_;
  std::string prefix_;
};

void add_rope(const ModelConfig& config, Keys& keys) {
  const RopeConfig& rope = config.rope;
  keys.number("rope.freq_base", rope.theta);
  keys.integer("rope.dimension_count", config.head_width);
  switch (rope.scaling) {
    case RopeScaling::None: break;
    case RopeScaling::Llama3: break;  // rope_freqs.weight says it
    case RopeScaling::Linear:
      keys.text("rope.scaling.type", "linear");
      keys.number("rope.scaling.factor", rope.factor);
      break;
    case RopeScaling::Yarn:
      keys.text("rope.scaling.type", "yarn");
      keys.number("rope.scaling.factor", rope.factor);
      keys.integer("rope.scaling.original_context_length", std::int64_t(rope.original_context));
      keys.number("rope.scaling.yarn_beta_fast", rope.beta_fast);
      keys.number("rope.scaling.yarn_beta_slow", rope.beta_slow);
      // ggml multiplies what it derives from the factor by this; RopeConfig holds the product.
      if (rope.attention_factor > 0)
        keys.number("rope.scaling.attn_factor", rope.attention_factor / (rope.factor <= 1 ? 1 : 0.1 * std::log(rope.factor) + 1));
      break;
  }
}

}  // namespace

std::uint32_t gguf_file_type(GgmlType type) {  // llama.h, llama_ftype
  switch (type) {
    case GgmlType::F32: return 0;
    case GgmlType::Q4_0: return 2;
    case GgmlType::Q4_1: return 3;
    case GgmlType::Q8_0: return 7;
    case GgmlType::Q4_K: return 14;
    case GgmlType::BF16: return 32;
    default: return 1;
  }
}

void add_config(const ModelConfig& config, GgmlType type, base::GgufHeader& header) {
  header.text("general.architecture", config.architecture);
  header.text("general.type", "model");
  header.text("general.name", config.name);
  header.u32("general.file_type", gguf_file_type(type));
  header.u32("general.quantization_version", 2);
  Keys keys(header, config.architecture + ".");
  keys.integer("vocab_size", config.vocab_size);
  keys.integer("context_length", config.context_length);
  keys.integer("embedding_length", config.width);
  keys.integer("block_count", config.layers);
  keys.integer("feed_forward_length", config.mlp_width);
  keys.integer("attention.head_count", config.heads);
  keys.integer("attention.head_count_kv", config.kv_heads);
  keys.integer("attention.key_length", config.head_width);
  keys.integer("attention.value_length", config.head_width);
  keys.number("attention.layer_norm_rms_epsilon", config.norm_epsilon);
  add_rope(config, keys);
}

std::vector<float> rope_divisors(const ModelConfig& config) {
  const RopeConfig& rope = config.rope;
  if (rope.scaling != RopeScaling::Llama3) return {};
  std::vector<float> out;
  for (std::int64_t i = 0; i < config.head_width / 2; ++i) {
    const double wavelength = 2 * std::numbers::pi * std::pow(rope.theta, 2.0 * double(i) / double(config.head_width));
    const double turns = rope.original_context / wavelength;
    const double smooth = (turns - rope.low_frequency_factor) / (rope.high_frequency_factor - rope.low_frequency_factor);
    if (turns < rope.low_frequency_factor) out.push_back(float(rope.factor));
    else if (turns > rope.high_frequency_factor) out.push_back(1);
    else out.push_back(float(1 / ((1 - smooth) / rope.factor + smooth)));
  }
  return out;
}

}  // namespace engine

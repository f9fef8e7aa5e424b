#include "engine/convert/gguf_metadata.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::GgmlType;

// What GGUF calls a family, and what no key of it says.
struct Family {
  std::string_view architecture, gguf;
  Activation activation;
  bool layer_norm;
};
constexpr Family kFamilies[] = {
    {"bloom", "bloom", Activation::GeluTanh, true},        {"gemma", "gemma", Activation::GeluTanh, false},
    {"gpt2", "gpt2", Activation::GeluTanh, true},          {"gpt_bigcode", "starcoder", Activation::GeluTanh, true},
    {"gpt_neox", "gptneox", Activation::Gelu, true},       {"granite", "granite", Activation::Silu, false},
    {"llama", "llama", Activation::Silu, false},           {"mistral", "llama", Activation::Silu, false},
    {"qwen2", "qwen2", Activation::Silu, false},           {"qwen3", "qwen3", Activation::Silu, false},
    {"stablelm", "stablelm", Activation::Silu, true},      {"starcoder2", "starcoder2", Activation::GeluTanh, true},
};

const Family* family_of(const ModelConfig& config) {
  for (const Family& family : kFamilies)
    if (family.architecture == config.architecture) return &family;
  return nullptr;
}

class Keys {
 public:
  Keys(base::GgufHeader& header, std::string prefix) : header_(header), prefix_(std::move(prefix)) {}
  void integer(std::string_view field, std::int64_t value) { header_.u32(prefix_ + std::string(field), static_cast<std::uint32_t>(value)); }
  void number(std::string_view field, double value) { header_.f32(prefix_ + std::string(field), static_cast<float>(value)); }
  void text(std::string_view field, std::string_view value) { header_.text(prefix_ + std::string(field), value); }
  void boolean(std::string_view field, bool value) { header_.boolean(prefix_ + std::string(field), value); }

 private:
  base::GgufHeader& header_;
  std::string prefix_;
};

void add_rope(const ModelConfig& config, Keys& keys) {
  const RopeConfig& rope = config.rope;
  if (config.rotary_width == 0) return;
  keys.number("rope.freq_base", rope.theta);
  keys.integer("rope.dimension_count", config.rotary_width);
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

void add_multipliers(const ModelConfig& config, Keys& keys) {
  keys.number("attention.scale", config.attention_scale);
  keys.number("embedding_scale", config.multipliers.embedding);
  keys.number("residual_scale", config.multipliers.residual);
  keys.number("logit_scale", config.multipliers.logits_divisor);
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

base::Result<void> fits_gguf(const ModelConfig& config) {
  const Family* family = family_of(config);
  if (!family) return {};  // tensor_plan() says which there are
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::Unsupported, "GGUF has no key for {} of '{}', and its readers would compute something else", what, config.architecture);
  };
  if (config.activation != family->activation) return refuse("another activation than the published models'");
  if (config.attention_scale_by_layer) return refuse("attention scaled by layer");
  if (config.residual_after_norm) return refuse("residuals taken after the norm");
  const double usual = 1 / std::sqrt(double(config.head_width));
  if (config.architecture != "granite" && std::abs(config.attention_scale - usual) > 1e-9 * usual) return refuse("another scale of attention");
  const auto windows = std::ranges::count(config.layer_sees_all, false), all = std::ranges::count(config.layer_sees_all, true);
  if (config.sliding_window > 0 && windows > 0 && all > 0) return refuse("a window of attention in some layers only");
  return {};
}

void add_config(const ModelConfig& config, GgmlType type, base::GgufHeader& header) {
  const Family* family = family_of(config);
  const std::string name(family ? family->gguf : config.architecture);
  header.text("general.architecture", name);
  header.text("general.type", "model");
  header.text("general.name", config.name);
  header.u32("general.file_type", gguf_file_type(type));
  header.u32("general.quantization_version", 2);
  Keys keys(header, name + ".");
  keys.integer("vocab_size", config.vocab_size);
  keys.integer("context_length", config.context_length);
  keys.integer("embedding_length", config.width);
  keys.integer("block_count", config.layers);
  keys.integer("feed_forward_length", config.mlp_width);
  keys.integer("attention.head_count", config.heads);
  keys.integer("attention.head_count_kv", config.kv_heads);
  keys.integer("attention.key_length", config.head_width);
  keys.integer("attention.value_length", config.head_width);
  keys.number(family && family->layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", config.norm_epsilon);
  const bool everywhere = std::ranges::count(config.layer_sees_all, true) == 0;
  if (config.sliding_window > 0 && everywhere) keys.integer("attention.sliding_window", config.sliding_window);
  if (name == "gptneox" || name == "stablelm") keys.boolean("use_parallel_residual", config.parallel_residual);
  if (name == "granite") add_multipliers(config, keys);
  add_rope(config, keys);
}

std::vector<float> rope_divisors(const ModelConfig& config) {
  const RopeConfig& rope = config.rope;
  if (rope.scaling != RopeScaling::Llama3) return {};
  std::vector<float> out;
  for (std::int64_t i = 0; i < config.rotary_width / 2; ++i) {
    const double wavelength = 2 * std::numbers::pi * std::pow(rope.theta, 2.0 * double(i) / double(config.rotary_width));
    const double turns = rope.original_context / wavelength;
    const double smooth = (turns - rope.low_frequency_factor) / (rope.high_frequency_factor - rope.low_frequency_factor);
    if (turns < rope.low_frequency_factor) out.push_back(float(rope.factor));
    else if (turns > rope.high_frequency_factor) out.push_back(1);
    else out.push_back(float(1 / ((1 - smooth) / rope.factor + smooth)));
  }
  return out;
}

}  // namespace engine

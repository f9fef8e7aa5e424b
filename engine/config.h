// config.h: the numbers that shape a model, read from a Hugging Face config.json or from GGUF metadata into one form.
// read_hf_config() / read_gguf_config() check every value's kind and range: what passes can be allocated and run.
// Errors name the file and the field, and say what was expected. Pure apart from reading the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/formats/gguf.h"
#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace engine {

enum class RopeScaling {
  None,
  Linear,  // positions / factor; Chen et al. 2023
  Llama3,  // by wavelength, between low_frequency_factor and high_frequency_factor; Llama 3.1
  Yarn,    // Peng et al. 2023
};

struct RopeConfig {
  double theta = 10000;
  RopeScaling scaling = RopeScaling::None;
  double factor = 1;
  double original_context = 0;
  double low_frequency_factor = 1, high_frequency_factor = 4;         // Llama3
  double beta_fast = 32, beta_slow = 1, attention_factor = 0;         // Yarn; 0: derived from factor
};

enum class Activation {
  Silu,
  Gelu,      // x * Phi(x), by erf; Hendrycks and Gimpel 2016, arXiv 1606.08415
  GeluTanh,  // the same paper's approximation by tanh
};

// While a configuration is read: rotary_width is head_width. No ModelConfig that a reader returns holds it.
inline constexpr std::int64_t kWholeHead = -1;

struct Multipliers {  // Granite's
  double embedding = 1, residual = 1, logits_divisor = 1;
};

struct ModelConfig {
  std::string architecture;  // "llama": the key of the registry of models
  std::string name;
  std::int64_t vocab_size = 0, context_length = 0;
  std::int64_t layers = 0, width = 0, mlp_width = 0;
  std::int64_t heads = 0, kv_heads = 0, head_width = 0;  // heads % kv_heads == 0
  std::int64_t rotary_width = kWholeHead;                // of each head's numbers, even; 0: positions are not rotated
  double norm_epsilon = 1e-5;
  bool tied_embeddings = false;  // the head is the embedding, transposed
  bool attention_bias = false;  // of queries, keys and values
  bool output_bias = false, mlp_bias = false;
  bool fused_qkv = false;      // the file holds queries, keys and values as one matrix where the architecture has three
  bool fused_by_head = false;  // the file keeps each head's three together where today's converters regroup them
  Activation activation = Activation::Silu;
  std::int64_t sliding_window = 0;   // a token sees itself and the window - 1 before it; 0: all of them
  std::vector<bool> layer_sees_all;  // by layer, where some have no window; empty: each has it
  double attention_scale = 0;        // of the products of queries and keys; a reader makes it 1 / sqrt(head_width) where it is 0
  bool attention_scale_by_layer = false;  // divided by 1 + the layer (GPT-2)
  bool parallel_residual = false;    // attention and MLP read the same input (GPT-NeoX, StableLM)
  bool residual_after_norm = false;  // branches add to what their norm gave, not to what it read (BLOOM)
  bool head_norms = false;           // each head's queries and keys have a norm of their own (StableLM)
  Multipliers multipliers;
  RopeConfig rope;
  std::vector<tokenizer::TokenId> end_ids;

  std::int64_t window_of(std::int64_t layer) const { return layer_sees_all.empty() || !layer_sees_all[std::size_t(layer)] ? sliding_window : 0; }
};

// FOLDER/config.json, with generation_config.json's eos_token_id where there is one. Takes the old spelling of positions
// (rope_theta, rope_scaling) and the new one (rope_parameters).
base::Result<ModelConfig> read_hf_config(const std::filesystem::path& folder);
// The text of a config.json; `path` names it in errors.
base::Result<ModelConfig> parse_hf_config(std::string_view text, const std::string& path);
base::Result<ModelConfig> read_gguf_config(const base::Gguf& file);

}  // namespace engine

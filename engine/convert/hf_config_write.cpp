#include "engine/convert/hf_config_write.h"

#include "base/json.h"

namespace engine {

std::string hf_config_of(const ModelConfig& config, std::string_view dtype) {
  const bool qwen2 = config.architecture == "qwen2";
  base::Json out = {{"architectures", {qwen2 ? "Qwen2ForCausalLM" : "LlamaForCausalLM"}},
                    {"model_type", config.architecture},
                    {"vocab_size", config.vocab_size},
                    {"max_position_embeddings", config.context_length},
                    {"num_hidden_layers", config.layers},
                    {"hidden_size", config.width},
                    {"intermediate_size", config.mlp_width},
                    {"num_attention_heads", config.heads},
                    {"num_key_value_heads", config.kv_heads},
                    {"head_dim", config.head_width},
                    {"rms_norm_eps", config.norm_epsilon},
                    {"rope_theta", config.rope.theta},
                    {"hidden_act", "silu"},
                    {"tie_word_embeddings", config.tied_embeddings},
                    {"torch_dtype", dtype}};
  if (!qwen2) out["attention_bias"] = config.attention_bias, out["mlp_bias"] = config.mlp_bias;
  if (qwen2) out["use_sliding_window"] = false;
  if (config.rope.scaling == RopeScaling::Linear) out["rope_scaling"] = {{"type", "linear"}, {"factor", config.rope.factor}};
  if (!config.end_ids.empty()) out["bos_token_id"] = out["eos_token_id"] = config.end_ids.front();
  return base::dump_json_pretty(out);
}

base::Result<std::string> hf_config_like(std::string_view text, std::string_view path, const ModelConfig& config) {
  auto out = base::parse_json(text, std::string(path));
  if (!out) return base::forward(out);
  if (!out->is_object()) return base::fail(base::ErrorCode::InvalidInput, "{}: expected an object", path);
  (*out)["vocab_size"] = config.vocab_size;
  const bool gpt2 = config.architecture == "gpt2" || config.architecture == "gpt_bigcode";
  (*out)[gpt2 ? "n_positions" : config.architecture == "bloom" ? "seq_length" : "max_position_embeddings"] = config.context_length;
  for (const char* const other : {"n_ctx", "max_position_embeddings"})
    if (out->contains(other)) (*out)[other] = config.context_length;
  for (const char* const name : {"bos_token_id", "eos_token_id", "pad_token_id"}) out->erase(name);  // of another vocabulary
  if (!config.end_ids.empty()) (*out)["bos_token_id"] = (*out)["eos_token_id"] = config.end_ids.front();
  out->erase(out->contains("dtype") ? "torch_dtype" : "dtype");
  (*out)[out->contains("dtype") ? "dtype" : "torch_dtype"] = "float32";
  out->erase("_name_or_path");
  return base::dump_json_pretty(*out);
}

}  // namespace engine

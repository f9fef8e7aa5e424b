// hf_families.h: config.json's fields, family by family: each function reads one family's numbers into a ModelConfig.
// read_hf_config() picks one by model_type; the family checks its shape (check_shape) and refuses what its model cannot do.
// hf_rope.cpp reads positions for the families that rotate. Pure.
#pragma once

#include "engine/config/hf_reader.h"

namespace engine {

base::Result<void> read_hf_bigcode(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_bloom(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_gemma(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_gpt2(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_granite(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_llama(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_mistral(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_neox(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_qwen2(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_qwen3(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_stablelm(const HfReader& in, ModelConfig& config);
base::Result<void> read_hf_starcoder2(const HfReader& in, ModelConfig& config);

// What LLaMA and its kin spell alike. A family sets its own defaults first; what is set stays where the file is silent.
base::Result<void> read_hf_sizes(const HfReader& in, ModelConfig& config);
base::Result<void> expect_silu(const HfReader& in, const ModelConfig& config);
// Positions of whole heads, then the checks between fields.
base::Result<void> finish_hf_rotary(const HfReader& in, ModelConfig& config);

// Positions in the old spelling (rope_theta, rope_scaling) and the new one (rope_parameters), into config.rope, and how much of
// a head they rotate into `share`, where the file says it.
struct RotaryShare {
  double value = 1;
  std::string field = "partial_rotary_factor";
};
base::Result<void> read_hf_rope(const HfReader& in, ModelConfig& config, RotaryShare& share);

// The activation's name, as transformers spells it; where the field is absent, `activation` stays.
base::Result<void> read_hf_activation(const HfReader& in, std::string_view field, Activation& activation);

// A switch that only one value of can be run: any other is refused.
base::Result<void> expect_boolean(const HfReader& in, std::string_view field, bool supported);

// A quantised checkpoint of Hugging Face is refused by a sentence.
base::Result<void> refuse_quantized(const HfReader& in);

}  // namespace engine

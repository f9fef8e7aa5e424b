// config_ranges.h: what a ModelConfig that a reader returns promises to those who allocate and run by it.
// check_ranges() ends the process where a promise is broken: for fuzz targets.
#pragma once

#include <cstdlib>

#include "engine/config.h"

namespace fuzz {

inline void check_ranges(const engine::ModelConfig& c) {
  const bool sizes = c.vocab_size >= 1 && c.context_length >= 1 && c.layers >= 1 && c.width >= 1 && c.mlp_width >= 1;
  const bool heads = c.heads >= 1 && c.kv_heads >= 1 && c.heads % c.kv_heads == 0 && c.head_width >= 1;
  const bool rotated = c.rotary_width >= 0 && c.rotary_width <= c.head_width && c.rotary_width % 2 == 0;
  const bool numbers = c.norm_epsilon > 0 && c.attention_scale > 0 && c.sliding_window >= 0 && c.rope.theta > 0 && c.rope.factor > 0;
  if (!sizes || !heads || !rotated || !numbers) std::abort();
  for (const tokenizer::TokenId id : c.end_ids)
    if (id < 0 || id >= c.vocab_size) std::abort();
}

}  // namespace fuzz

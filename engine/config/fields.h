// fields.h: what both readers of model configurations share: ranges, and the checks between fields.
// in_range() while reading a field; check_shape() once all are read. Both name the file and the field.
// Pure.
#pragma once

#include <string_view>

#include "engine/config.h"

namespace engine {

// The least and most a field may be. The upper ends are far above any model that exists, and low enough that no product of
// two of them overflows.
struct Range {
  std::int64_t least = 1, most = 1;
};
inline constexpr Range kLayers{1, 4096}, kWidth{1, 1 << 20}, kMlpWidth{1, 1 << 22}, kHeads{1, 1 << 14}, kHeadWidth{1, 1 << 14},
    kVocabulary{1, 1 << 24}, kContext{1, 1 << 28};

// `value` if it lies in `range`, otherwise a sentence. `file` and `field` name where it came from.
base::Result<std::int64_t> in_range(std::int64_t value, Range range, std::string_view file, std::string_view field);
base::Result<double> positive(double value, double most, std::string_view file, std::string_view field);

// The names the file gives to the fields that are checked together.
struct FieldNames {
  std::string_view width, heads, kv_heads, head_width;
};
// Derives head_width and attention_scale where they are 0 and rotary_width where it is kWholeHead, and checks what must divide what.
base::Result<void> check_shape(ModelConfig& config, std::string_view file, const FieldNames& names);

// After check_shape, where only a part of each head is rotated, as `field` says.
base::Result<void> set_rotary_width(ModelConfig& config, std::int64_t width, std::string_view file, std::string_view field);

// Sorted, each once.
void settle_end_ids(ModelConfig& config);

}  // namespace engine

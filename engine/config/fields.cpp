#include "engine/config/fields.h"

#include <algorithm>
#include <cmath>

namespace engine {

using base::ErrorCode;
using base::fail;

base::Result<std::int64_t> in_range(std::int64_t value, Range range, std::string_view file, std::string_view field) {
  if (value >= range.least && value <= range.most) return value;
  return fail(ErrorCode::InvalidInput, "{}: '{}' is {}: expected {} to {}", file, field, value, range.least, range.most);
}

base::Result<double> positive(double value, double most, std::string_view file, std::string_view field) {
  if (value > 0 && value <= most) return value;
  return fail(ErrorCode::InvalidInput, "{}: '{}' is {}: expected a number above 0, at most {}", file, field, value, most);
}

base::Result<void> check_shape(ModelConfig& config, std::string_view file, const FieldNames& names) {
  if (config.kv_heads > config.heads || config.heads % config.kv_heads != 0)
    return fail(ErrorCode::InvalidInput, "{}: '{}' is {} and '{}' is {}: expected the first to be a multiple of the second", file, names.heads,
                config.heads, names.kv_heads, config.kv_heads);
  if (config.head_width == 0) {
    if (config.width % config.heads != 0)
      return fail(ErrorCode::InvalidInput, "{}: '{}' is {} and '{}' is {}: expected the first to be a multiple of the second, or a '{}'", file,
                  names.width, config.width, names.heads, config.heads, names.head_width);
    config.head_width = config.width / config.heads;
  }
  const bool rotated = config.rotary_width != 0;
  const std::int64_t least = rotated ? 2 : kHeadWidth.least;
  if (config.head_width < least || config.head_width > kHeadWidth.most || (rotated && config.head_width % 2 != 0))
    return fail(ErrorCode::InvalidInput, "{}: '{}' is {}: expected {} from {} to {}", file, names.head_width, config.head_width,
                rotated ? "an even number" : "a number", least, kHeadWidth.most);
  if (config.rotary_width == kWholeHead) config.rotary_width = config.head_width;
  if (config.attention_scale == 0) config.attention_scale = 1 / std::sqrt(double(config.head_width));
  return {};
}

base::Result<void> set_rotary_width(ModelConfig& config, std::int64_t width, std::string_view file, std::string_view field) {
  if (width < 2 || width > config.head_width || width % 2 != 0)
    return fail(ErrorCode::InvalidInput, "{}: '{}' rotates {} of a head's {} numbers: expected an even number of them", file, field, width,
                config.head_width);
  config.rotary_width = width;
  return {};
}

void settle_end_ids(ModelConfig& config) {
  std::sort(config.end_ids.begin(), config.end_ids.end());
  config.end_ids.erase(std::unique(config.end_ids.begin(), config.end_ids.end()), config.end_ids.end());
}

}  // namespace engine

#include "engine/config.h"

#include <algorithm>
#include <cmath>

#include "engine/config_fields.h"

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
  if (config.head_width < kHeadWidth.least || config.head_width > kHeadWidth.most || config.head_width % 2 != 0)
    return fail(ErrorCode::InvalidInput, "{}: '{}' is {}: expected an even number from {} to {}", file, names.head_width, config.head_width,
                kHeadWidth.least, kHeadWidth.most);
  for (const tokenizer::TokenId id : config.end_ids)
    if (id < 0 || id >= config.vocab_size)
      return fail(ErrorCode::InvalidInput, "{}: '{}' is {}: expected an id of the vocabulary, 0 to {}", file, names.end_ids, id, config.vocab_size - 1);
  std::sort(config.end_ids.begin(), config.end_ids.end());
  config.end_ids.erase(std::unique(config.end_ids.begin(), config.end_ids.end()), config.end_ids.end());
  return {};
}

}  // namespace engine

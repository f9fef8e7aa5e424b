#include "engine/config/hf_reader.h"

#include "base/utf8.h"

namespace engine {

std::string_view HfReader::spelling(std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : names)
    if (has(name)) return name;
  return *names.begin();
}

base::Result<void> HfReader::integer(std::string_view field, Range range, std::int64_t& into) const {
  auto value = base::get<std::int64_t>(object_, field);
  if (!value) return base::forward(value, where());
  value = in_range(*value, range, path_, name(field));
  if (!value) return base::forward(value);
  into = *value;
  return {};
}

base::Result<void> HfReader::maybe_integer(std::string_view field, Range range, std::int64_t& into) const {
  return has(field) ? integer(field, range, into) : base::Result<void>{};
}

base::Result<void> HfReader::positive_number(std::string_view field, double most, double& into) const {
  auto value = base::get<double>(object_, field);
  if (!value) return base::forward(value, where());
  value = positive(*value, most, path_, name(field));
  if (!value) return base::forward(value);
  into = *value;
  return {};
}

base::Result<void> HfReader::maybe_positive(std::string_view field, double most, double& into) const {
  return has(field) ? positive_number(field, most, into) : base::Result<void>{};
}

base::Result<void> HfReader::maybe_boolean(std::string_view field, bool& into) const {
  const auto value = base::get_or<bool>(object_, field, into);
  if (!value) return base::forward(value, where());
  into = *value;
  return {};
}

base::Result<std::string> HfReader::text_or(std::string_view field, std::string fallback) const {
  auto value = base::get_or<std::string>(object_, field, std::move(fallback));
  if (!value) return base::forward(value, where());
  return base::sanitize_utf8(*value);
}

}  // namespace engine

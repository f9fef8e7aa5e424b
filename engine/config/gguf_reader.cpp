#include "engine/config/gguf_reader.h"

namespace engine {

GgufReader::GgufReader(const base::Gguf& file, std::string architecture)
    : file_(file), path_(file.path().string()), prefix_(std::move(architecture)) {}

const base::GgufTensor* GgufReader::tensor(std::string_view name) const {
  for (const base::GgufTensor& tensor : file_.tensors())
    if (tensor.name == name) return &tensor;
  return nullptr;
}

base::Result<void> GgufReader::integer(std::string_view field, Range range, std::int64_t& into) const {
  auto value = file_.integer(key(field));
  if (value) value = in_range(*value, range, path_, key(field));
  if (!value) return base::forward(value);
  into = *value;
  return {};
}

base::Result<void> GgufReader::maybe_integer(std::string_view field, Range range, std::int64_t& into) const {
  return has(field) ? integer(field, range, into) : base::Result<void>{};
}

base::Result<void> GgufReader::maybe_positive(std::string_view field, double most, double& into) const {
  if (!has(field)) return {};
  auto value = file_.number(key(field));
  if (value) value = positive(*value, most, path_, key(field));
  if (!value) return base::forward(value);
  into = *value;
  return {};
}

base::Result<void> GgufReader::maybe_boolean(std::string_view field, bool& into) const {
  const auto value = file_.boolean_or(key(field), into);
  if (!value) return base::forward(value);
  into = *value;
  return {};
}

}  // namespace engine

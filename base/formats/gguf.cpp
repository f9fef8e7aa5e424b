#include "base/formats/gguf.h"

#include <fmt/ranges.h>

#include <limits>

namespace base {

std::optional<GgmlBlock> ggml_block(GgmlType type) {
  switch (type) {
    case GgmlType::F32: return GgmlBlock{"F32", 1, 4};
    case GgmlType::F16: return GgmlBlock{"F16", 1, 2};
    case GgmlType::BF16: return GgmlBlock{"BF16", 1, 2};
    case GgmlType::F64: return GgmlBlock{"F64", 1, 8};
    case GgmlType::I8: return GgmlBlock{"I8", 1, 1};
    case GgmlType::I16: return GgmlBlock{"I16", 1, 2};
    case GgmlType::I32: return GgmlBlock{"I32", 1, 4};
    case GgmlType::I64: return GgmlBlock{"I64", 1, 8};
    case GgmlType::Q4_0: return GgmlBlock{"Q4_0", 32, 2 + 16};
    case GgmlType::Q4_1: return GgmlBlock{"Q4_1", 32, 2 + 2 + 16};
    case GgmlType::Q5_0: return GgmlBlock{"Q5_0", 32, 2 + 4 + 16};
    case GgmlType::Q5_1: return GgmlBlock{"Q5_1", 32, 2 + 2 + 4 + 16};
    case GgmlType::Q8_0: return GgmlBlock{"Q8_0", 32, 2 + 32};
    case GgmlType::Q8_1: return GgmlBlock{"Q8_1", 32, 2 + 2 + 32};
    case GgmlType::Q2_K: return GgmlBlock{"Q2_K", 256, 16 + 64 + 2 + 2};
    case GgmlType::Q3_K: return GgmlBlock{"Q3_K", 256, 32 + 64 + 12 + 2};
    case GgmlType::Q4_K: return GgmlBlock{"Q4_K", 256, 2 + 2 + 12 + 128};
    case GgmlType::Q5_K: return GgmlBlock{"Q5_K", 256, 2 + 2 + 12 + 32 + 128};
    case GgmlType::Q6_K: return GgmlBlock{"Q6_K", 256, 128 + 64 + 16 + 2};
    case GgmlType::Q8_K: return GgmlBlock{"Q8_K", 256, 4 + 256 + 32};
  }
  return std::nullopt;
}

namespace {

const char* kind_name(const GgufScalar& value) {
  static constexpr const char* kNames[] = {"true or false", "an integer", "an integer of 2^63 or more", "a number", "a string"};
  return kNames[value.index()];
}
const char* kind_name(const GgufValue& value) {
  const auto* scalar = std::get_if<GgufScalar>(&value);
  return scalar ? kind_name(*scalar) : "an array";
}

template <class T>
const T* scalar_of(const GgufValue& value) {
  const auto* scalar = std::get_if<GgufScalar>(&value);
  return scalar ? std::get_if<T>(scalar) : nullptr;
}

std::unexpected<Error> missing(const Gguf& file, std::string_view key, const char* expected) {
  return fail(ErrorCode::InvalidInput, "{}: key '{}' is missing: expected {}", file.path().string(), key, expected);
}
std::unexpected<Error> wrong_kind(const Gguf& file, std::string_view key, const GgufValue& value, const char* expected) {
  return fail(ErrorCode::InvalidInput, "{}: key '{}' is {}: expected {}", file.path().string(), key, kind_name(value), expected);
}

}  // namespace

std::span<const std::byte> Gguf::stored(std::string_view key) const {
  const auto found = stored_.find(key);
  return found == stored_.end() ? std::span<const std::byte>{} : found->second;
}

Result<std::string> Gguf::string(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return missing(*this, key, "a string");
  if (const auto* value = scalar_of<std::string>(found->second)) return *value;
  return wrong_kind(*this, key, found->second, "a string");
}

Result<std::int64_t> Gguf::integer(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return missing(*this, key, "an integer");
  if (const auto* value = scalar_of<std::int64_t>(found->second)) return *value;
  return wrong_kind(*this, key, found->second, "an integer");
}

Result<double> Gguf::number(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return missing(*this, key, "a number");
  if (const auto* value = scalar_of<double>(found->second)) return *value;
  if (const auto* value = scalar_of<std::int64_t>(found->second)) return static_cast<double>(*value);
  return wrong_kind(*this, key, found->second, "a number");
}

Result<bool> Gguf::boolean(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return missing(*this, key, "true or false");
  if (const auto* value = scalar_of<bool>(found->second)) return *value;
  return wrong_kind(*this, key, found->second, "true or false");
}

Result<const GgufArray*> Gguf::array(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return missing(*this, key, "an array");
  if (const auto* value = std::get_if<GgufArray>(&found->second)) return value;
  return wrong_kind(*this, key, found->second, "an array");
}

Result<std::string> Gguf::string_or(std::string_view key, std::string fallback) const {
  if (!has(key)) return fallback;
  return string(key);
}
Result<std::int64_t> Gguf::integer_or(std::string_view key, std::int64_t fallback) const {
  if (!has(key)) return fallback;
  return integer(key);
}
Result<double> Gguf::number_or(std::string_view key, double fallback) const {
  if (!has(key)) return fallback;
  return number(key);
}
Result<bool> Gguf::boolean_or(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  return boolean(key);
}

}  // namespace base

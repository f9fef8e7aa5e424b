// json.h: JSON values with checked reading; the only place where nlohmann's exceptions are caught.
// parse() reports line and column; get<T>(object, "field") reports the field and the type expected.
// Pure functions; no state. Included only by readers of JSON formats, lsp/protocol, lsp/rpc and app/.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

using Json = nlohmann::json;

// `what` names the text in the error: a file, "the message".
Result<Json> parse_json(std::string_view text, std::string_view what);

// As parse_json(), but a name that stands twice in one object is an error: for formats where the second would win silently.
Result<Json> parse_json_unique(std::string_view text, std::string_view what);

// One line; text that is not UTF-8 is written with U+FFFD rather than thrown about.
std::string dump_json(const Json& value);
std::string dump_json_pretty(const Json& value);

const char* json_type_name(const Json& value);  // "an object", "a string", "null", ...

namespace detail {
template <class T>
struct JsonKind;
template <> struct JsonKind<bool> { static constexpr const char* kName = "true or false"; static bool is(const Json& v) { return v.is_boolean(); } };
template <> struct JsonKind<int> { static constexpr const char* kName = "an integer"; static bool is(const Json& v); };
template <> struct JsonKind<std::int64_t> { static constexpr const char* kName = "an integer"; static bool is(const Json& v); };
template <> struct JsonKind<double> { static constexpr const char* kName = "a number"; static bool is(const Json& v) { return v.is_number(); } };
template <> struct JsonKind<std::string> { static constexpr const char* kName = "a string"; static bool is(const Json& v) { return v.is_string(); } };
template <> struct JsonKind<Json::array_t> { static constexpr const char* kName = "an array"; static bool is(const Json& v) { return v.is_array(); } };
template <> struct JsonKind<Json::object_t> { static constexpr const char* kName = "an object"; static bool is(const Json& v) { return v.is_object(); } };
}  // namespace detail

// nullptr where the object lacks the field, the field is null, or `object` is no object.
const Json* find_field(const Json& object, std::string_view field);

// The field as a T (bool, int, int64_t, double, std::string), or a sentence naming the field. T is checked, never coerced.
template <class T>
Result<T> get(const Json& object, std::string_view field) {
  const Json* value = find_field(object, field);
  if (!value) return fail(ErrorCode::InvalidInput, "field '{}' is missing: expected {}", field, detail::JsonKind<T>::kName);
  if (!detail::JsonKind<T>::is(*value))
    return fail(ErrorCode::InvalidInput, "field '{}' is {}: expected {}", field, json_type_name(*value), detail::JsonKind<T>::kName);
  return value->template get<T>();
}

// As get(), but an absent or null field is `fallback`; a field of the wrong type is still an error.
template <class T>
Result<T> get_or(const Json& object, std::string_view field, T fallback) {
  if (!find_field(object, field)) return fallback;
  return get<T>(object, field);
}

// As get(), but absent and of-the-wrong-type are both nullopt: for fields that are only hints.
template <class T>
std::optional<T> try_get(const Json& object, std::string_view field) {
  auto value = get<T>(object, field);
  if (!value) return std::nullopt;
  return std::move(*value);
}

}  // namespace base

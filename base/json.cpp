#include "base/json.h"

#include <limits>
#include <set>
#include <vector>

namespace base {
namespace {

struct Place {
  size_t line = 1, column = 1;
};

Place place_of(std::string_view text, size_t byte) {
  Place place;
  for (size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
    if (text[i] == '\n') place = {place.line + 1, 1};
    else ++place.column;
  }
  return place;
}

// nlohmann's parser calls itself once a level: a message of a million brackets must not exhaust the stack.
constexpr int kMaxDepth = 512;

bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

Result<Json> parse(std::string_view text, std::string_view what, const Json::parser_callback_t& watch) {
  if (too_deep(text)) return fail(ErrorCode::InvalidInput, "{}: JSON nested deeper than {} levels", what, kMaxDepth);
  try {
    return Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    const Place place = place_of(text, error.byte);
    return fail(ErrorCode::InvalidInput, "{}: not valid JSON at line {}, column {}", what, place.line, place.column);
  } catch (const std::exception& error) {
    return fail(ErrorCode::InvalidInput, "{}: not valid JSON ({})", what, error.what());
  }
}

}  // namespace

namespace detail {
bool JsonKind<int>::is(const Json& v) {
  if (!JsonKind<std::int64_t>::is(v)) return false;
  const auto wide = v.get<std::int64_t>();
  return wide >= std::numeric_limits<int>::min() && wide <= std::numeric_limits<int>::max();
}
bool JsonKind<std::int64_t>::is(const Json& v) {
  if (v.is_number_unsigned()) return v.get<std::uint64_t>() <= std::uint64_t(std::numeric_limits<std::int64_t>::max());
  return v.is_number_integer();
}
}  // namespace detail

Result<Json> parse_json(std::string_view text, std::string_view what) {
  return parse(text, what, nullptr);
}

Result<Json> parse_json_unique(std::string_view text, std::string_view what) {
  std::vector<std::set<std::string>> open_objects;
  std::optional<std::string> twice;
  const auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) open_objects.pop_back();
    if (event == Json::parse_event_t::key && !open_objects.back().insert(value.get<std::string>()).second && !twice)
      twice = value.get<std::string>();
    return true;
  };
  auto value = parse(text, what, watch);
  if (value && twice) return fail(ErrorCode::InvalidInput, "{}: the name '{}' stands twice in one object", what, *twice);
  return value;
}

std::string dump_json(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string dump_json_pretty(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

const char* json_type_name(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: return "null";
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "an array";
    case Json::value_t::string: return "a string";
    case Json::value_t::boolean: return "true or false";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: return "an integer";
    case Json::value_t::number_float: return "a number";
    case Json::value_t::binary: return "binary";
    case Json::value_t::discarded: return "nothing";
  }
  return "unknown";
}

const Json* find_field(const Json& object, std::string_view field) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return nullptr;
  return &*found;
}

}  // namespace base

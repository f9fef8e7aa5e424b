#include "lsp/settings.h"

#include <fmt/ranges.h>

#include <cmath>
#include <map>
#include <string_view>
#include <type_traits>

namespace lsp {
namespace {

using base::Json;

constexpr std::string_view kEditorsOwn[] = {"connect", "server", "trace", "client", "editorInfo", "editorPluginInfo"};

bool is_editors_own(std::string_view key) {
  const std::string_view first = key.substr(0, key.find('.'));
  for (const std::string_view own : kEditorsOwn)
    if (first == own) return true;
  return false;
}

// Every leaf of nested objects by its dotted key; {} and [] are leaves.
void flatten(const Json& value, const std::string& key, std::map<std::string, Json>& out) {
  if (!value.is_object()) {
    if (!key.empty()) out[key] = value;
    return;
  }
  for (const auto& [name, inner] : value.items()) flatten(inner, key.empty() ? name : key + "." + name, out);
}

struct Taker {
  std::map<std::string, Json>& given;
  std::vector<std::string>& complaints;

  void operator()(bool& field, std::string_view key, base::Bounds, std::string_view) {
    const auto value = take(key);
    if (value.is_null()) return;
    if (value.is_boolean()) field = value.get<bool>();
    else complain(key, value, "true or false");
  }

  template <class Number>
    requires std::is_arithmetic_v<Number>
  void operator()(Number& field, std::string_view key, base::Bounds bounds, std::string_view) {
    const auto value = take(key);
    if (value.is_null()) return;
    const std::string expected = fmt::format("{} from {} to {}", std::is_integral_v<Number> ? "an integer" : "a number",
                                             bounds.least, bounds.most);
    if (!value.is_number()) return complain(key, value, expected);
    const double number = value.template get<double>();
    const bool whole = !std::is_integral_v<Number> || number == std::floor(number);
    if (!whole || !(bounds.least <= number && number <= bounds.most)) return complain(key, value, expected);
    field = static_cast<Number>(number);
  }

  void operator()(std::string& field, std::string_view key, const base::Choices& choices, std::string_view) {
    const auto value = take(key);
    if (value.is_null()) return;
    for (const std::string_view word : choices.words)
      if (value == word) field = word;
    if (value != field) complain(key, value, fmt::format("one of {}", fmt::join(choices.words, ", ")));
  }

  void operator()(std::string& field, std::string_view key, base::Text, std::string_view) {
    const auto value = take(key);
    if (value.is_null()) return;
    if (value.is_string()) field = value.get<std::string>();
    else complain(key, value, "a text");
  }

  void operator()(base::Switches& field, std::string_view key, base::Bounds, std::string_view) {
    const std::string below = std::string(key) + ".";
    for (auto at = given.lower_bound(below); at != given.end() && at->first.starts_with(below); at = given.erase(at)) {
      if (at->second.is_boolean()) field[at->first.substr(below.size())] = at->second.get<bool>();
      else if (!at->second.is_null()) complain(at->first, at->second, "true or false");
    }
    const auto value = take(key);
    if (!value.is_null() && value != Json::object()) complain(key, value, "an object of true and false");
  }

  Json take(std::string_view key) {
    const auto found = given.find(std::string(key));
    if (found == given.end()) return {};
    Json value = std::move(found->second);
    given.erase(found);
    return value;
  }

  void complain(std::string_view key, const Json& value, std::string_view expected) {
    const std::string shown = value.is_primitive() ? base::dump_json(value).substr(0, 60) : base::json_type_name(value);
    complaints.push_back(fmt::format("setting 'rigpilot.{}' is {}: expected {}", key, shown, expected));
  }
};

struct Describer {
  Json& properties;

  void operator()(const bool& field, std::string_view key, base::Bounds, std::string_view help) {
    add(key, {{"type", "boolean"}, {"default", field}}, help);
  }
  template <class Number>
    requires std::is_arithmetic_v<Number>
  void operator()(const Number& field, std::string_view key, base::Bounds bounds, std::string_view help) {
    using Told = std::conditional_t<std::is_integral_v<Number>, std::int64_t, double>;
    add(key,
        {{"type", std::is_integral_v<Number> ? "integer" : "number"},
         {"default", field},
         {"minimum", static_cast<Told>(bounds.least)},
         {"maximum", static_cast<Told>(bounds.most)}},
        help);
  }
  void operator()(const std::string& field, std::string_view key, const base::Choices& choices, std::string_view help) {
    add(key, {{"type", "string"}, {"default", field}, {"enum", choices.words}}, help);
  }
  void operator()(const std::string& field, std::string_view key, base::Text, std::string_view help) {
    add(key, {{"type", "string"}, {"default", field}}, help);
  }
  void operator()(const base::Switches& field, std::string_view key, base::Bounds, std::string_view help) {
    add(key, {{"type", "object"}, {"default", field}, {"additionalProperties", {{"type", "boolean"}}}}, help);
  }
  void add(std::string_view key, Json described, std::string_view help) {
    described["description"] = help;
    properties[fmt::format("rigpilot.{}", key)] = std::move(described);
  }
};

}  // namespace

Json settings_schema() {
  Settings defaults;
  Json properties = Json::object();
  visit(defaults, Describer{properties});
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", "Rigpilot"},
          {"type", "object"},
          {"properties", std::move(properties)}};
}

SettingsReading read_settings(const Settings& from, const Json& section) {
  SettingsReading out{from, {}};
  if (section.is_null()) return out;
  if (!section.is_object()) {
    out.complaints.push_back(fmt::format("setting 'rigpilot' is {}: expected an object", base::json_type_name(section)));
    return out;
  }
  std::map<std::string, Json> given;
  flatten(section, "", given);
  visit(out.settings, Taker{given, out.complaints});
  for (const auto& [key, value] : given)
    if (!is_editors_own(key)) out.complaints.push_back(fmt::format("setting 'rigpilot.{}' is unknown", key));
  return out;
}

}  // namespace lsp

#include "lsp/settings.h"

#include <cmath>
#include <map>
#include <string_view>
#include <type_traits>

namespace lsp {
namespace {

using base::Json;

constexpr std::string_view kEditorsOwn[] = {"server", "trace", "client", "editorInfo", "editorPluginInfo"};

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

}  // namespace

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

#include "app/set_option.h"

namespace app {

void add_set_option(CLI::App& command, std::vector<std::string>& given) {
  command.add_option("--set", given, "a setting as editors send it (`rigpilot settings` lists them), such as completion.beams=1; may be given several times")->type_name("NAME=VALUE")->expected(1)->take_all();
}

base::Result<lsp::Settings> settings_of(const std::vector<std::string>& given) {
  const base::Json known = lsp::settings_schema();
  base::Json section = base::Json::object();
  for (const std::string& one : given) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos) return base::fail(base::ErrorCode::InvalidInput, "--set {}: expected NAME=VALUE, such as completion.beams=1", one);
    std::string name = one.substr(0, equals);
    if (name.starts_with("rigpilot.")) name.erase(0, std::string_view("rigpilot.").size());
    if (!known.at("properties").contains("rigpilot." + name)) return base::fail(base::ErrorCode::InvalidInput, "--set {}: there is no such setting; `rigpilot settings` lists them", one);
    const std::string value = one.substr(equals + 1);
    base::Json read = base::Json::parse(value, nullptr, false);
    section[name] = read.is_discarded() ? base::Json(value) : std::move(read);
  }
  lsp::SettingsReading reading = lsp::read_settings({}, section);
  if (!reading.complaints.empty()) return base::fail(base::ErrorCode::InvalidInput, "--set: {}", reading.complaints.front());
  return std::move(reading.settings);
}

}  // namespace app

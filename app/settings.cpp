// What an editor may set, from the one declaration of it: `rigpilot settings`.
#include <memory>

#include "app/command.h"
#include "app/console.h"
#include "lsp/settings.h"

namespace app {
namespace {

using base::Json;

std::string values_of(const Json& setting) {
  if (setting.contains("enum")) {
    std::string words;
    for (const Json& word : setting.at("enum")) words += (words.empty() ? "" : ", ") + word.get<std::string>();
    return words;
  }
  if (setting.contains("minimum"))
    return fmt::format("{} to {}", setting.at("minimum").dump(), setting.at("maximum").dump());
  if (setting.at("type") == "string") return "a text";
  return setting.at("type") == "boolean" ? "true, false" : "an object of true and false";
}

int list() {
  const Json schema = lsp::settings_schema();
  for (const auto& [name, setting] : schema.at("properties").items())
    print(fmt::format("{}\n    {}\n    {}; default {}\n", name, setting.at("description").get<std::string>(),
                      values_of(setting), base::dump_json(setting.at("default"))));
  return kDone;
}

}  // namespace

void add_settings(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("settings", "What an editor may set, with defaults and bounds.");
  auto schema = std::make_shared<bool>(false);
  command.add_flag("--schema", *schema, "as a JSON schema, from which editors' lists of settings are made");
  command.footer(R"(Editors send settings below "rigpilot", as a configuration or as initializationOptions:
  {"rigpilot": {"completion": {"maxLines": 3, "languages": {"markdown": false}}}})");
  command.callback([schema, &run] {
    run = [schema] {
      if (!*schema) return list();
      print(base::dump_json_pretty(lsp::settings_schema()) + "\n");
      return kDone;
    };
  });
}

}  // namespace app

#include "lsp/settings.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace {

lsp::SettingsReading read(std::string_view section) { return lsp::read_settings({}, base::Json::parse(section)); }
using Complaints = std::vector<std::string>;

}  // namespace

TEST_CASE("settings nested and dotted") {
  CHECK(read(R"({"completion":{"maxTokens":8,"temperature":0.5}})").settings.completion.max_tokens == 8);
  CHECK(read(R"({"completion.maxTokens":8})").settings.completion.max_tokens == 8);
  CHECK(read(R"({"completion":{"enabled":false}})").settings.completion.enabled == false);
  CHECK(read(R"({"completion":{"temperature":1}})").settings.completion.temperature == 1);
  CHECK(read(R"({"completion":{"maxTokens":8.0}})").settings.completion.max_tokens == 8);
  CHECK(read(R"({"completion":{"maxTokens":null}})").complaints.empty());
  CHECK(read("null").complaints.empty());
  CHECK(read("{}").complaints.empty());
  CHECK(read(R"({"server":{"path":"x"},"trace.server":"off","connect":"rig:9000"})").complaints.empty());
}

TEST_CASE("a setting that cannot be taken is named, and the others are") {
  const auto bad = read(R"({"completion":{"maxTokens":"8","enabled":1,"maxLines":0,"temperature":9,"maxTokenz":1,"prefixTokens":64}})");
  CHECK(bad.settings.completion.max_tokens == lsp::CompletionSettings{}.max_tokens);
  CHECK(bad.settings.completion.prefix_tokens == 64);
  CHECK(bad.complaints == Complaints{"setting 'rigpilot.completion.enabled' is 1: expected true or false",
                                     "setting 'rigpilot.completion.maxTokens' is \"8\": expected an integer from 1 to 1024",
                                     "setting 'rigpilot.completion.maxLines' is 0: expected an integer from 1 to 200",
                                     "setting 'rigpilot.completion.temperature' is 9: expected a number from 0 to 2",
                                     "setting 'rigpilot.completion.maxTokenz' is unknown"});
  CHECK(read(R"({"completion":{"maxTokens":1.5}})").complaints ==
        Complaints{"setting 'rigpilot.completion.maxTokens' is 1.5: expected an integer from 1 to 1024"});
  CHECK(read(R"({"completion":{"maxTokens":1e300}})").complaints.size() == 1);
  CHECK(read(R"({"completion":{"maxTokens":[1]}})").complaints ==
        Complaints{"setting 'rigpilot.completion.maxTokens' is an array: expected an integer from 1 to 1024"});
  CHECK(read("7").complaints == Complaints{"setting 'rigpilot' is an integer: expected an object"});
  CHECK(read(R"({"completion":true})").complaints == Complaints{"setting 'rigpilot.completion' is unknown"});
}

TEST_CASE("languages and words") {
  const auto given = read(R"({"completion":{"languages":{"markdown":false,"*":true,"c.x":false},"popup":"on"}})");
  CHECK(given.complaints.empty());
  CHECK(given.settings.completion.popup == "on");
  CHECK(!lsp::wanted_in(given.settings.completion, "markdown"));
  CHECK(!lsp::wanted_in(given.settings.completion, "c.x"));
  CHECK(lsp::wanted_in(given.settings.completion, "python"));
  CHECK(!lsp::wanted_in(read(R"({"completion.languages":{"*":false}})").settings.completion, "python"));
  CHECK(lsp::wanted_in(read(R"({"completion.languages":{}})").settings.completion, "python"));
  CHECK(read(R"({"completion":{"languages":{"a":1},"popup":"yes"}})").complaints ==
        Complaints{"setting 'rigpilot.completion.languages.a' is 1: expected true or false",
                   "setting 'rigpilot.completion.popup' is \"yes\": expected one of auto, on, off"});
  CHECK(read(R"({"completion":{"languages":true}})").complaints ==
        Complaints{"setting 'rigpilot.completion.languages' is true: expected an object of true and false"});
}

// Every setting's default, sent by an editor, is taken without a complaint and changes nothing.
TEST_CASE("the schema's defaults are settings") {
  const base::Json properties = lsp::settings_schema().at("properties");
  CHECK(properties.size() >= 9);
  base::Json section = base::Json::object();
  for (const auto& [name, setting] : properties.items()) {
    CHECK((name.starts_with("rigpilot.completion.") || name.starts_with("rigpilot.index.") || name.starts_with("rigpilot.model.")));
    CHECK(!setting.at("description").get<std::string>().empty());
    section[name.substr(9)] = setting.at("default");
  }
  CHECK(lsp::read_settings({}, section).complaints.empty());
  CHECK(properties.at("rigpilot.completion.maxTokens") ==
        base::Json::parse(R"({"type":"integer","default":64,"minimum":1,"maximum":1024,"description":"Longest suggestion, in tokens."})"));
  CHECK(properties.at("rigpilot.completion.popup").at("enum") == base::Json::parse(R"(["auto","on","off"])"));
}

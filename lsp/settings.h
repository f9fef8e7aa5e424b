// settings.h: every setting a client may change, and the reader of what clients send ("rigpilot" in their configuration).
// read_settings() starts from given values and takes over what is valid; each thing it cannot take is one sentence that
// names the setting. Accepts nested objects and dotted keys: {"completion": {"maxTokens": 8}} or {"completion.maxTokens": 8}.
// Pure. Keys that only editors read ("connect", "server.", "trace.", "client.") are left alone.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "lsp/completion/settings.h"
#include "lsp/index/settings.h"

namespace lsp {

struct ModelSettings {
  std::string adapter;
  std::string draft;
};

template <class Visitor>
void visit(ModelSettings& s, Visitor&& field) {
  field(s.adapter, "model.adapter", base::Text{}, "A LoRA adapter for the model, by its folder; empty: the one made for the workspace, where there is one; none: none.");
  field(s.draft, "model.draft", base::Text{}, "A smaller model of the same vocabulary that guesses what the model will write, which comes sooner then; empty: none.");
}

struct Settings {
  ModelSettings model;
  CompletionSettings completion;
  IndexSettings index;
};

template <class Visitor>
void visit(Settings& s, Visitor&& field) {
  visit(s.model, field);
  visit(s.completion, field);
  visit(s.index, field);
}

struct SettingsReading {
  Settings settings;
  std::vector<std::string> complaints;
};

// `section` is the object below "rigpilot"; null changes nothing.
SettingsReading read_settings(const Settings& from, const base::Json& section);

// All settings as a JSON schema: names with "rigpilot." before them, types, defaults, bounds, help. Editors' own lists of
// settings are made from it.
base::Json settings_schema();

}  // namespace lsp

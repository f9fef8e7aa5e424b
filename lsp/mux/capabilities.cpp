#include "lsp/mux/capabilities.h"

#include <algorithm>

namespace lsp {
namespace {

using base::find_field;
using base::Json;

// A number is the old way to say how changes are told; nothing at all means that no change is.
Json sync_object(const Json& capabilities) {
  const Json* sync = find_field(capabilities, "textDocumentSync");
  if (sync && sync->is_object()) return *sync;
  if (sync && sync->is_number_integer() && *sync != 0) return {{"openClose", true}, {"change", *sync}, {"save", true}};
  return Json::object();
}

bool wants_saves(const Json& sync) {
  const Json* save = find_field(sync, "save");
  return save && (save->is_object() || *save == true);
}

bool wants_text_on_save(const Json& sync) {
  const Json* save = find_field(sync, "save");
  return save && base::try_get<bool>(*save, "includeText").value_or(false);
}

// Whole texts where the language server asks for them: it would not understand edits, and we understand both.
Json merged_sync(const Json& child) {
  Json out = sync_object(child);
  const bool with_text = wants_text_on_save(out);
  out["openClose"] = true;
  out["change"] = base::try_get<int>(out, "change") == 1 ? 1 : 2;
  out["save"] = {{"includeText", with_text}};
  return out;
}

// The strings of both lists, the language server's first.
Json united(const Json& holder, const Json& other, std::string_view field) {
  Json out = Json::array();
  for (const Json* from : {&holder, &other})
    if (const Json* list = find_field(*from, field); list && list->is_array())
      for (const Json& one : *list)
        if (std::ranges::find(out, one) == out.end()) out.push_back(one);
  return out;
}

// `field` of two servers, with the list below it united.
void unite_provider(Json& out, const Json& own, const char* field, const char* list) {
  const Json* ours = find_field(own, field);
  if (!ours) return;
  Json& theirs = out[field];
  if (!theirs.is_object()) theirs = *ours;
  else theirs[list] = united(theirs, *ours, list);
}

}  // namespace

SyncWishes sync_wishes(const Json& capabilities) {
  const Json sync = sync_object(capabilities);
  return {.open_close = base::try_get<bool>(sync, "openClose").value_or(false),
          .change = base::try_get<int>(sync, "change").value_or(0),
          .save = wants_saves(sync)};
}

Json merged_capabilities(const Json& child, const Json& own) {
  if (!child.is_object()) return own;
  Json out = child;
  out["textDocumentSync"] = merged_sync(child);
  out.erase("inlineCompletionProvider");  // answered by us, whoever else could
  unite_provider(out, own, "completionProvider", "triggerCharacters");
  unite_provider(out, own, "executeCommandProvider", "commands");
  // Cells in a notebook's messages are in no other: announced only where the language server understands them.
  constexpr std::string_view kIfTheirs = "notebookDocumentSync";
  if (own.is_object())
    for (const auto& [field, value] : own.items())
      if (field != kIfTheirs && !find_field(out, field)) out[field] = value;
  return out;
}

std::set<std::string> commands_of(const Json& capabilities) {
  std::set<std::string> out;
  const Json* provider = find_field(capabilities, "executeCommandProvider");
  const Json* commands = provider ? find_field(*provider, "commands") : nullptr;
  if (!commands || !commands->is_array()) return out;
  for (const Json& command : *commands)
    if (command.is_string()) out.insert(command.get<std::string>());
  return out;
}

bool triggers_completion(const Json& capabilities, const std::string& character) {
  const Json* provider = find_field(capabilities, "completionProvider");
  const Json* triggers = provider ? find_field(*provider, "triggerCharacters") : nullptr;
  return triggers && triggers->is_array() && std::ranges::find(*triggers, Json(character)) != triggers->end();
}

std::string encoding_of(const Json& capabilities) {
  return base::try_get<std::string>(capabilities, "positionEncoding").value_or("utf-16");
}

}  // namespace lsp

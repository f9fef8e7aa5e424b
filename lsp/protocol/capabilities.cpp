#include "lsp/protocol/capabilities.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

namespace lsp {
namespace {

using base::Json;

// The value at a path of fields; null where the path ends early.
Json at_path(const Json& from, std::initializer_list<std::string_view> path) {
  const Json* at = &from;
  for (const std::string_view field : path) {
    at = base::find_field(*at, field);
    if (!at) return {};
  }
  return *at;
}

bool is_true(const Json& from, std::initializer_list<std::string_view> path) { return at_path(from, path) == true; }

// UTF-8 is what documents are stored in, so it costs nothing; a client that names none means UTF-16.
PositionEncoding choose_encoding(const Json& capabilities) {
  const Json offered = at_path(capabilities, {"general", "positionEncodings"});
  for (const auto encoding : {PositionEncoding::Utf8, PositionEncoding::Utf16, PositionEncoding::Utf32})
    if (offered.is_array() && std::ranges::find(offered, Json(encoding_name(encoding))) != offered.end()) return encoding;
  return PositionEncoding::Utf16;
}

}  // namespace

const char* encoding_name(PositionEncoding encoding) {
  switch (encoding) {
    case PositionEncoding::Utf8: return "utf-8";
    case PositionEncoding::Utf16: return "utf-16";
    case PositionEncoding::Utf32: return "utf-32";
  }
  return "utf-16";
}

ClientFeatures read_features(const Json& params) {
  const Json client = at_path(params, {"clientInfo"});
  const Json can = at_path(params, {"capabilities"});
  ClientFeatures out;
  out.name = base::try_get<std::string>(client, "name").value_or("");
  out.version = base::try_get<std::string>(client, "version").value_or("");
  out.speaks_copilot = at_path(params, {"initializationOptions", "editorPluginInfo"}).is_object();
  if (out.name.empty()) out.name = base::try_get<std::string>(at_path(params, {"initializationOptions", "editorInfo"}), "name").value_or("");
  // Copilot's server counts in UTF-16 whatever is offered, so its clients do.
  out.encoding = out.speaks_copilot ? PositionEncoding::Utf16 : choose_encoding(can);
  out.knows_inline_completion = out.speaks_copilot || at_path(can, {"textDocument", "inlineCompletion"}).is_object();
  out.registers_popup = is_true(can, {"textDocument", "completion", "dynamicRegistration"});
  out.takes_snippets = is_true(can, {"textDocument", "completion", "completionItem", "snippetSupport"});
  out.wants_status = is_true(can, {"experimental", "rigpilotStatus"});
  out.registers_inline_completion = is_true(can, {"textDocument", "inlineCompletion", "dynamicRegistration"});
  out.registers_configuration = is_true(can, {"workspace", "didChangeConfiguration", "dynamicRegistration"});
  out.registers_watched_files = is_true(can, {"workspace", "didChangeWatchedFiles", "dynamicRegistration"});
  out.answers_configuration = is_true(can, {"workspace", "configuration"});
  out.shows_notebooks = at_path(can, {"notebookDocument", "synchronization"}).is_object();
  out.shows_progress = is_true(can, {"window", "workDoneProgress"});
  return out;
}

std::string_view accept_command(const ClientFeatures& client) {
  return client.speaks_copilot ? kCopilotAcceptCommand : kAcceptCommand;
}

Json popup_options() { return {{"triggerCharacters", {".", "(", " ", "="}}, {"resolveProvider", false}}; }

Json server_capabilities(const ClientFeatures& client, bool popup) {
  Json commands = {accept_command(client)};
  for (const std::string_view command : kUserCommands) commands.push_back(command);
  Json out = {
      {"positionEncoding", encoding_name(client.encoding)},
      {"textDocumentSync", {{"openClose", true}, {"change", 2}, {"save", {{"includeText", false}}}}},
      {"executeCommandProvider", {{"commands", std::move(commands)}}},
  };
  if (popup) out["completionProvider"] = popup_options();
  // All cells of all notebooks: those of text and of other languages are context.
  if (client.shows_notebooks) out["notebookDocumentSync"] = {{"notebookSelector", {{{"notebook", "*"}}}}, {"save", false}};
  // Not {}: some clients cannot tell an empty object from null.
  if (!client.registers_inline_completion) out["inlineCompletionProvider"] = {{"workDoneProgress", false}};
  return out;
}

Json registrations(const ClientFeatures& client) {
  Json out = Json::array();
  if (client.registers_inline_completion)
    out.push_back({{"id", "inline-completion"},
                   {"method", "textDocument/inlineCompletion"},
                   {"registerOptions", {{"documentSelector", nullptr}}}});  // null: the documents it tells us about
  if (client.registers_configuration)
    out.push_back({{"id", "configuration"},
                   {"method", "workspace/didChangeConfiguration"},
                   {"registerOptions", {{"section", kConfigurationSection}}}});
  if (client.registers_watched_files)
    out.push_back({{"id", "watched-files"},
                   {"method", "workspace/didChangeWatchedFiles"},
                   {"registerOptions", {{"watchers", Json::array({{{"globPattern", "**/*"}}})}}}});
  return out;
}

}  // namespace lsp

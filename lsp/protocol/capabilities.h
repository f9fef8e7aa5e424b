// capabilities.h: what the client says it can do, and what the server says in return.
// read_features() takes the useful part out of initialize; server_capabilities() is the answer; registrations() is what
// is registered later, dynamically. inlineCompletion is announced in exactly one of the two. Pure.
#pragma once

#include <array>
#include <string_view>

#include "base/json.h"
#include "lsp/protocol/types.h"

namespace lsp {

inline constexpr std::string_view kAcceptCommand = "rigpilot.didAccept";  // runs in the client when a suggestion is taken
inline constexpr std::string_view kCopilotAcceptCommand = "github.copilot.didAcceptCompletionItem";  // the same
// What users may have the server do. Not "rigpilot.pause": some clients make an editor's command of each, and an extension's
// own commands have those names.
inline constexpr std::array<std::string_view, 12> kUserCommands = {
    "rigpilot.server.status",        "rigpilot.server.pause",          "rigpilot.server.resume",
    "rigpilot.server.pauseLanguage", "rigpilot.server.resumeLanguage", "rigpilot.server.models",
    "rigpilot.server.loadModel",     "rigpilot.server.explain",        "rigpilot.server.statistics",
    "rigpilot.server.useAdapter",    "rigpilot.server.finetune",       "rigpilot.server.stopFinetune"};
inline constexpr std::string_view kConfigurationSection = "rigpilot";

ClientFeatures read_features(const base::Json& initialize_params);
std::string_view accept_command(const ClientFeatures& client);
base::Json server_capabilities(const ClientFeatures& client, bool popup);  // popup: suggestions in textDocument/completion too
base::Json registrations(const ClientFeatures& client);  // for client/registerCapability; an empty array: none
base::Json popup_options();

const char* encoding_name(PositionEncoding encoding);  // "utf-8", as LSP spells it

}  // namespace lsp

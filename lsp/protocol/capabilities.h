// capabilities.h: what the client says it can do, and what the server says in return.
// read_features() takes the useful part out of initialize; server_capabilities() is the answer; registrations() is what
// is registered later, dynamically. inlineCompletion is announced in exactly one of the two. Pure.
#pragma once

#include <string_view>

#include "base/json.h"
#include "lsp/protocol/types.h"

namespace lsp {

inline constexpr std::string_view kAcceptCommand = "rigpilot.didAccept";  // runs in the client when a suggestion is taken
inline constexpr std::string_view kConfigurationSection = "rigpilot";

ClientFeatures read_features(const base::Json& initialize_params);
base::Json server_capabilities(const ClientFeatures& client);
base::Json registrations(const ClientFeatures& client);  // for client/registerCapability; an empty array: none

const char* encoding_name(PositionEncoding encoding);  // "utf-8", as LSP spells it

}  // namespace lsp

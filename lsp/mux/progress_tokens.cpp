#include "lsp/mux/progress_tokens.h"

#include <fmt/format.h>

namespace lsp {

using base::Json;

Json ProgressTokens::created(Peer server, const Json& token) {
  Json name = token;
  const auto taken = entries_.find(base::dump_json(name));
  if (taken != entries_.end() && taken->second.owner.server != server) name = fmt::format("rigpilot/mux/{}", ++renamed_);
  entries_[base::dump_json(name)] = {{server, token}, false};
  return name;
}

Json ProgressTokens::editors_name(Peer server, const Json& token) const {
  for (const auto& [name, entry] : entries_) {
    if (entry.owner.server != server || entry.owner.token != token) continue;
    if (auto json = base::parse_json(name, "a token")) return *json;
  }
  return token;
}

std::optional<ProgressTokens::Owner> ProgressTokens::owner(const Json& editors_name) const {
  const auto found = entries_.find(base::dump_json(editors_name));
  if (found == entries_.end()) return std::nullopt;
  return found->second.owner;
}

void ProgressTokens::seen(const Json& editors_name, const Json& value) {
  const auto found = entries_.find(base::dump_json(editors_name));
  if (found == entries_.end()) return;
  const auto kind = base::try_get<std::string>(value, "kind");
  if (kind == "begin") found->second.running = true;
  if (kind == "end") entries_.erase(found);
}

std::vector<Json> ProgressTokens::unfinished(Peer server) const {
  std::vector<Json> out;
  for (const auto& [name, entry] : entries_)
    if (entry.running && entry.owner.server == server)
      if (auto json = base::parse_json(name, "a token")) out.push_back(std::move(*json));
  return out;
}

}  // namespace lsp

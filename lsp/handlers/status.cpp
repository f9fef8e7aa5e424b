#include <utility>

#include "lsp/handlers/handlers.h"

namespace lsp {
namespace {

struct Told {
  const char* state;  // for programs
  std::string message;  // for people
};

Told state_of(const Session& session) {
  if (session.model == ModelState::Failed) return {"error", session.model_problem};
  if (!session.settings.completion.enabled) return {"paused", "suggestions are switched off (rigpilot.completion.enabled)"};
  if (session.paused) return {"paused", "paused"};
  switch (session.model) {
    case ModelState::NotAsked: return {"loading", "starting"};
    case ModelState::Loading: return {"loading", fmt::format("loading the model, {} %", session.progress.percent)};
    case ModelState::Failed:
    case ModelState::Ready: break;
  }
  if (!session.pending.empty()) return {"thinking", session.model_name};
  return {"ready", session.model_name};
}

// What the user can do about it.
Json way_out(const Session& session) {
  if (session.model == ModelState::Failed && session.options.load_named)
    return {{"title", "Choose another model"}, {"command", "rigpilot.server.models"}};
  if (session.paused) return {{"title", "Resume"}, {"command", "rigpilot.server.resume"}};
  return nullptr;
}

Json off_languages(const Session& session) {
  base::Switches all = session.settings.completion.languages;
  for (const auto& [language, on] : session.switched_languages) all[language] = on;
  Json out = Json::array();
  for (const auto& [language, on] : all)
    if (!on) out.push_back(language);
  return out;
}

const char* copilot_kind(std::string_view state) {
  if (state == "error") return "Error";
  return state == "paused" ? "Inactive" : "Normal";
}

}  // namespace

Json status(const Session& session) {
  const Told told = state_of(session);
  Json out = {{"state", told.state}, {"message", told.message}, {"model", session.model_name}, {"languagesOff", off_languages(session)}};
  if (session.model == ModelState::Loading) out["percent"] = session.progress.percent;
  if (!session.adapter.empty()) out["adapter"] = session.adapter;
  if (!session.draft.empty()) out["draft"] = session.draft;
  if (session.tuning) out["learning"] = true;
  if (Json way = way_out(session); !way.is_null()) out["wayOut"] = std::move(way);
  return out;
}

void tell_status(Session& session) {
  const bool wanted = session.features.wants_status || session.features.speaks_copilot;
  if (!wanted || session.phase != Phase::Running) return;
  Json now = status(session);
  if (now == session.status_told) return;
  session.status_told = now;
  const auto state = now.at("state").get<std::string>();
  const bool busy = state == "loading" || state == "thinking";
  if (session.features.speaks_copilot) {
    const Json message = now.at("message");
    session.services.client.notify("didChangeStatus", {{"busy", busy}, {"message", message}, {"kind", copilot_kind(state)}});
    // The older of its clients know this one.
    session.services.client.notify("statusNotification",
                                   {{"status", busy ? "InProgress" : state == "error" ? "Warning" : "Normal"}, {"message", message}});
  }
  if (session.features.wants_status) session.services.client.notify("rigpilot/status", std::move(now));
}

}  // namespace lsp

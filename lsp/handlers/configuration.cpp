#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/protocol/capabilities.h"

namespace lsp {
namespace {

void complain_once(Session& session, const std::vector<std::string>& complaints) {
  for (const std::string& complaint : complaints) {
    if (!session.complaints_told.insert(complaint).second) continue;
    session.services.client.show(MessageKind::Warning, complaint);
    session.services.log.warning("{}", complaint);
  }
}

// Every configuration is a whole one: what it leaves out is as it was agreed at the start.
void configure(Session& session, const Json& section) {
  auto reading = read_settings(session.agreed_settings, section);
  session.settings = reading.settings;
  session.ready.clear();  // they were made under other settings
  use_wanted_adapter(session);
  use_wanted_draft(session);
  complain_once(session, reading.complaints);
  offer_popup(session);
}

// Ours alone, or below our name among everybody's.
const Json& own_section(const Json& settings) {
  const Json* own = base::find_field(settings, kConfigurationSection);
  return own ? *own : settings;
}

base::Result<void> did_change_configuration(Session& session, const Json& params) {
  if (session.features.answers_configuration) {
    pull_configuration(session);
    return {};
  }
  const Json* settings = base::find_field(params, "settings");
  const Json* own = settings ? base::find_field(*settings, kConfigurationSection) : nullptr;
  if (!own) return {};  // other servers' settings
  configure(session, *own);
  start_loading(session);
  return {};
}

}  // namespace

void take_initialization_options(Session& session, const Json& options) {
  auto reading = read_settings(session.options.settings, own_section(options));
  session.agreed_settings = session.settings = reading.settings;
  complain_once(session, reading.complaints);
}

void pull_configuration(Session& session) {
  const Json wanted = {{"items", Json::array({{{"section", kConfigurationSection}}})}};
  session.services.client.request("workspace/configuration", wanted, [&session](Outcome outcome) {
    if (!outcome) session.services.log.warning("workspace/configuration: {}", outcome.error().message);
    if (outcome && outcome->is_array() && !outcome->empty()) configure(session, outcome->front());
    start_loading(session);
  });
}

void add_configuration(Dispatcher& methods, Session& session) {
  methods.on_notification("workspace/didChangeConfiguration",
                          [&](const Json& params) { return did_change_configuration(session, params); });
}

}  // namespace lsp

#include "lsp/handlers/handlers.h"

namespace lsp {
namespace {

constexpr const char* kToken = "rigpilot/model";

void tell(Session& session, Json value) {
  session.services.client.notify("$/progress", {{"token", kToken}, {"value", std::move(value)}});
}

bool loading(const Session& session) { return session.model == ModelState::Loading; }

void begin(Session& session) {
  session.progress.begun = true;
  tell(session, {{"kind", "begin"},
                 {"title", "Loading the model"},
                 {"cancellable", false},
                 {"percentage", session.progress.percent}});
}

void finish(Session& session, std::string_view message) {
  if (session.progress.begun) tell(session, {{"kind", "end"}, {"message", message}});
  session.progress.begun = false;
}

void tell_progress(Session& session) {
  session.model = ModelState::Loading;
  session.progress.percent = 0;
  if (!session.features.shows_progress) return;
  // The token may be used once the client has said yes; by then a small model is there and there is nothing to show.
  session.services.client.request("window/workDoneProgress/create", {{"token", kToken}}, [&session](Outcome outcome) {
    if (outcome && loading(session)) begin(session);
  });
}

}  // namespace

void start_loading(Session& session) {
  if (session.model != ModelState::NotAsked || !session.settings.completion.enabled) return;
  session.services.engine.load();
  tell_progress(session);
}

void load_other(Session& session, const std::string& name) {
  session.ready.clear();
  session.model_asked = name;
  session.services.engine.load(session.options.load_named(name));
  tell_progress(session);
}

void on_model_progress(Session& session, const ModelProgress& progress) {
  session.progress.percent = progress.percent;
  if (session.progress.begun) tell(session, {{"kind", "report"}, {"percentage", progress.percent}});
}

void on_model_loaded(Session& session, const ModelLoaded& loaded) {
  if (loaded.name) {
    session.model = ModelState::Ready;
    session.model_name = *loaded.name;
    session.model_problem.clear();
    session.adapter.clear();
    session.mixing_learned = false;
    use_wanted_adapter(session);
    session.draft.clear(), session.draft_asked.clear();
    use_wanted_draft(session);
    start_indexing(session, loaded.wants_index);
    finish(session, *loaded.name);
    warm_opened(session, session.latest_opened);
    session.services.log.info("{} is ready after {:.0f} ms", *loaded.name, loaded.load_ms);
    return;
  }
  finish(session, "failed");
  session.model = loaded.has_model ? ModelState::Ready : ModelState::Failed;
  session.model_problem = loaded.has_model ? std::string() : loaded.name.error().message;
  const auto text = loaded.has_model ? fmt::format("Rigpilot goes on with {}: {}", session.model_name, loaded.name.error().message)
                                     : fmt::format("Rigpilot makes no suggestions: {}", loaded.name.error().message);
  session.services.client.show(MessageKind::Error, text);
  session.services.log.error("{}", text);
  if (!loaded.has_model) answer_empty(session, session.pending.take_all());
}

}  // namespace lsp

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

}  // namespace

void start_loading(Session& session) {
  if (session.model != ModelState::NotAsked || !session.settings.completion.enabled) return;
  session.model = ModelState::Loading;
  session.services.engine.load();
  if (!session.features.shows_progress) return;
  // The token may be used once the client has said yes; by then a small model is there and there is nothing to show.
  session.services.client.request("window/workDoneProgress/create", {{"token", kToken}}, [&session](Outcome outcome) {
    if (outcome && loading(session)) begin(session);
  });
}

void on_model_progress(Session& session, const ModelProgress& progress) {
  session.progress.percent = progress.percent;
  if (session.progress.begun) tell(session, {{"kind", "report"}, {"percentage", progress.percent}});
}

void on_model_loaded(Session& session, const ModelLoaded& loaded) {
  if (loaded.name) {
    session.model = ModelState::Ready;
    finish(session, *loaded.name);
    session.services.log.info("{} is ready after {:.0f} ms", *loaded.name, loaded.load_ms);
    return;
  }
  session.model = ModelState::Failed;
  finish(session, "failed");
  const auto text = fmt::format("Rigpilot makes no suggestions: {}", loaded.name.error().message);
  session.services.client.show(MessageKind::Error, text);
  session.services.log.error("{}", text);
  answer_empty(session, session.pending.take_all());
}

}  // namespace lsp

#include <utility>

#include "lsp/handlers/handlers.h"

namespace lsp {
namespace {

using base::ErrorCode;
using base::fail;

constexpr const char* kToken = "rigpilot/finetune";
constexpr std::string_view kNone = "none";

void tell(Session& session, Json value) { session.services.client.notify("$/progress", {{"token", kToken}, {"value", std::move(value)}}); }

base::Result<void> cancel(Session& session, const Json& params) {
  if (base::try_get<std::string>(params, "token") == kToken) stop_tuning(session);
  return {};
}

}  // namespace

void use_adapter(Session& session, const std::string& folder) {
  session.ready.clear();  // they are another model's answers
  session.services.engine.use_adapter(folder == kNone ? std::filesystem::path{} : std::filesystem::path(folder));
}

void use_wanted_adapter(Session& session) {
  if (session.model != ModelState::Ready) return;
  const std::string& wanted = session.settings.model.adapter;
  std::string folder = wanted == kNone ? std::string() : wanted;
  if (wanted.empty() && session.options.workspace_adapter)
    for (const auto& root : workspace_folders(session))
      if (folder.empty()) folder = session.options.workspace_adapter(root, session.model_name).string();
  if (folder != session.adapter) use_adapter(session, folder);
}

void on_adapter_used(Session& session, const AdapterUsed& used) {
  if (used.outcome) {
    session.adapter = used.folder.string();
    session.ready.clear();
    session.mixing_learned = false;
    learn_mixing_soon(session);
    if (session.adapter.empty()) session.services.log.info("{} works without an adapter", session.model_name);
    else session.services.log.info("{} works with the adapter {}", session.model_name, session.adapter);
    return;
  }
  const auto text = fmt::format("Rigpilot goes on without a change: {}", used.outcome.error().message);
  session.services.client.show(MessageKind::Error, text);
  session.services.log.error("{}", text);
}

base::Result<void> start_tuning(Session& session, std::int64_t rank) {
  if (!session.options.tune) return fail(ErrorCode::Unsupported, "this server cannot learn a workspace's code");
  if (session.tuning) return fail(ErrorCode::InvalidInput, "the workspace's code is being learned already");
  const auto roots = workspace_folders(session);
  if (roots.empty()) return fail(ErrorCode::InvalidInput, "there is no workspace: expected the editor to have opened a folder");
  session.tuning = std::make_unique<TuningThread>(session.options.tune, TuningWish{roots.front(), session.model_asked, rank}, session.services.on_tuning);
  session.tuning_told = false;
  session.services.log.info("learning the code of {}", roots.front().string());
  if (!session.features.shows_progress) return {};
  session.services.client.request("window/workDoneProgress/create", {{"token", kToken}}, [&session](Outcome outcome) {
    if (!outcome || !session.tuning) return;
    session.tuning_told = true;
    tell(session, {{"kind", "begin"}, {"title", "Learning this workspace"}, {"cancellable", true}, {"percentage", 0}});
  });
  return {};
}

void stop_tuning(Session& session) {
  if (session.tuning) session.tuning->stop();
}

void on_tuning_progress(Session& session, const TuningProgress& progress) {
  if (session.tuning_told) tell(session, {{"kind", "report"}, {"percentage", progress.percent}, {"message", progress.message}});
}

void on_tuning_done(Session& session, const TuningDone& done) {
  const bool cancelled = !done.outcome && done.outcome.error().code == ErrorCode::Cancelled;
  const std::string message = done.outcome ? done.outcome->report : cancelled ? "cancelled" : done.outcome.error().message;
  if (std::exchange(session.tuning_told, false)) tell(session, {{"kind", "end"}, {"message", message}});
  session.tuning.reset();
  session.services.log.info("learning the workspace: {}", message);
  if (cancelled) return;
  session.services.client.show(done.outcome ? MessageKind::Info : MessageKind::Warning, fmt::format("Rigpilot: {}", message));
  if (done.outcome) use_adapter(session, done.outcome->adapter.string());
}

void add_adapters(Dispatcher& methods, Session& session) {
  methods.on_notification("window/workDoneProgress/cancel", [&](const Json& params) { return cancel(session, params); });
}

}  // namespace lsp

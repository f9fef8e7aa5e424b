#include "lsp/handlers/handlers.h"

namespace lsp {
namespace {

using Clock = std::chrono::steady_clock;
using State = IndexShown::State;
constexpr const char* kToken = "rigpilot/index";
constexpr std::chrono::milliseconds kPatience{500}, kTellEvery{200};

void tell(Session& session, Json value) {
  session.index_shown.told = Clock::now();
  session.services.client.notify("$/progress", {{"token", kToken}, {"value", std::move(value)}});
}

std::string message(const IndexShown& shown) { return fmt::format("{} files", shown.files); }

void ask(Session& session) {
  session.index_shown.state = State::Asking;
  session.services.client.request("window/workDoneProgress/create", {{"token", kToken}}, [&session](Outcome outcome) {
    IndexShown& shown = session.index_shown;
    shown.state = !outcome ? State::Refused : session.workspace_busy ? State::Begun : State::Nothing;
    if (shown.state != State::Begun) return;
    tell(session, {{"kind", "begin"}, {"title", "Indexing this workspace"}, {"cancellable", false}, {"message", message(shown)}, {"percentage", shown.percent}});
  });
}

}  // namespace

void show_indexing(Session& session, const IndexProgress& progress) {
  IndexShown& shown = session.index_shown;
  if (!session.features.shows_progress) return;
  if (!progress.busy) {
    if (shown.state == State::Begun) {
      tell(session, {{"kind", "end"}, {"message", fmt::format("{} files", progress.files)}});
      shown.state = State::Nothing;
    }
    shown.busy_since = {};
    return;
  }
  if (shown.busy_since == Clock::time_point{}) shown.busy_since = Clock::now(), shown.percent = 0;
  const bool more = progress.percent > shown.percent;
  shown.percent = std::max(shown.percent, progress.percent), shown.files = progress.files;  // what comes to wait meanwhile takes nothing back
  if (shown.state == State::Nothing) {
    shown.state = State::Waiting;
    session.services.set_timer(kPatience, {Alarm::IndexPatience});
  }
  if (shown.state == State::Begun && more && Clock::now() - shown.told >= kTellEvery) tell(session, {{"kind", "report"}, {"message", message(shown)}, {"percentage", shown.percent}});
}

void on_index_patience(Session& session) {
  IndexShown& shown = session.index_shown;
  if (shown.state != State::Waiting) return;
  shown.state = State::Nothing;
  if (!session.workspace_busy) return;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(kPatience - (Clock::now() - shown.busy_since));
  if (rest.count() <= 0) return ask(session);
  shown.state = State::Waiting;  // it was done meanwhile, and began anew
  session.services.set_timer(rest, {Alarm::IndexPatience});
}

}  // namespace lsp

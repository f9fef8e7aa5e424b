#include <unistd.h>

#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/protocol/capabilities.h"
#include "lsp/protocol/json.h"

namespace lsp {
namespace {

constexpr std::chrono::milliseconds kWatchEvery{5000};
constexpr std::chrono::milliseconds kLeavePatience{500};
constexpr std::chrono::milliseconds kConfigurationPatience{1000};

Trace read_trace(std::string_view name) {
  if (name == "messages") return Trace::Messages;
  if (name == "verbose") return Trace::Verbose;
  return Trace::Off;
}

// Only a parent is worth watching: a number from another container may be anyone here, and a parent's end shows without
// asking for its number, which may have been given away again.
void watch_client(Session& session, std::optional<std::int64_t> process_id) {
  if (!session.options.watch_client || process_id != ::getppid()) return;
  session.client_pid = *process_id;
  session.services.set_timer(kWatchEvery, {Alarm::WatchClient});
}

void initialize(Session& session, const Json& params, Responder respond) {
  auto read = read_initialize(params);
  if (!read) return respond.refuse(response_error(read.error()));
  session.features = read->client;
  session.roots = read->roots;
  session.documents.agree_on(read->client.encoding);
  session.trace = read_trace(read->trace);
  take_initialization_options(session, read->initialization_options);
  watch_client(session, read->process_id);
  session.phase = Phase::Running;
  session.popup_offered = popup_wanted(session);
  respond.succeed({{"capabilities", server_capabilities(session.features, session.popup_offered)},
                   {"serverInfo", {{"name", session.options.name}, {"version", session.options.version}}}});
  session.services.log.info("serving {} with positions in {}", session.features.name.empty() ? "a client" : session.features.name,
                            encoding_name(session.features.encoding));
}

void initialized(Session& session) {
  if (Json wanted = registrations(session.features); !wanted.empty())
    session.services.client.request("client/registerCapability", {{"registrations", std::move(wanted)}},
                                    [&session](Outcome outcome) {
                                      if (!outcome) session.services.log.warning("client/registerCapability: {}", outcome.error().message);
                                    });
  if (!session.features.answers_configuration) return start_loading(session);
  // The configuration may say that no suggestions are wanted: then no model is loaded.
  pull_configuration(session);
  session.services.set_timer(kConfigurationPatience, {Alarm::Configuration});
}

void shutdown(Session& session, Responder respond) {
  session.phase = Phase::Leaving;
  session.leaving = std::move(respond);
  // Requests at work end in a moment, and a client that is a script has sent everything at once and reads to the end.
  if (!session.pending.empty()) session.services.set_timer(kLeavePatience, {Alarm::LeavePatience});
  leave_if_done(session);
}

void exit(Session& session) {
  if (session.phase != Phase::Leaving) return session.services.end(1);
  session.exit_wanted = true;
  leave_if_done(session);
}

}  // namespace

std::optional<ResponseError> refusal(const Session& session, std::string_view method) {
  switch (session.phase) {
    case Phase::Fresh:
      if (method == "initialize") return std::nullopt;
      return ResponseError{RpcError::ServerNotInitialized, fmt::format("'{}' came before initialize", method)};
    case Phase::Running:
      if (method != "initialize") return std::nullopt;
      return ResponseError{RpcError::InvalidRequest, "initialize came a second time"};
    case Phase::Leaving:
      return ResponseError{RpcError::InvalidRequest, fmt::format("'{}' came after shutdown", method)};
  }
  return std::nullopt;
}

bool ignores(const Session& session, std::string_view notification) {
  if (notification == "exit") return false;
  if (session.phase == Phase::Leaving) return notification != "$/cancelRequest";
  return session.phase == Phase::Fresh;
}

void leave_if_done(Session& session) {
  if (session.phase != Phase::Leaving || !session.pending.empty()) return;
  if (session.leaving) std::exchange(session.leaving, std::nullopt)->succeed(nullptr);
  if (session.exit_wanted) session.services.end(0);
}

void leave_now(Session& session) {
  // Whoever says exit without waiting for shutdown's answer reads what comes: its requests may go on as long as any.
  if (session.exit_wanted) return;
  answer_empty(session, session.pending.take_all());
}

void on_watch_client(Session& session) {
  if (::getppid() == session.client_pid) return session.services.set_timer(kWatchEvery, {Alarm::WatchClient});
  session.services.log.info("the client's process is gone");
  session.services.end(session.phase == Phase::Leaving ? 0 : 1);
}

void add_lifecycle(Dispatcher& methods, Session& session) {
  methods.on_request("initialize", [&](const Json& params, Responder respond) { initialize(session, params, std::move(respond)); });
  methods.on_request("shutdown", [&](const Json&, Responder respond) { shutdown(session, std::move(respond)); });
  methods.on_notification("initialized", [&](const Json&) -> base::Result<void> {
    initialized(session);
    return {};
  });
  methods.on_notification("exit", [&](const Json&) -> base::Result<void> {
    exit(session);
    return {};
  });
  methods.on_notification("$/setTrace", [&](const Json& params) -> base::Result<void> {
    auto value = base::get<std::string>(params, "value");
    if (!value) return base::forward(value);
    session.trace = read_trace(*value);
    return {};
  });
}

}  // namespace lsp

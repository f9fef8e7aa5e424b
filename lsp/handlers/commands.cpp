#include <map>
#include <utility>

#include "lsp/completion/explain.h"
#include "lsp/handlers/handlers.h"
#include "lsp/protocol/capabilities.h"

namespace lsp {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

Result<std::string> text_argument(const Json& params, std::string_view what) {
  const Json* arguments = base::find_field(params, "arguments");
  const bool there = arguments && arguments->is_array() && !arguments->empty() && arguments->front().is_string();
  if (!there) return fail(ErrorCode::InvalidInput, "field 'arguments': expected [{}]", what);
  return arguments->front().get<std::string>();
}

Result<Json> did_accept(Session& session, const Json& params) {
  // Whoever cannot say which one still has accepted one.
  if (auto id = text_argument(params, "the item's id")) session.statistics.accepted(*id);
  session.services.log.debug("a suggestion was accepted");
  return nullptr;
}

Result<Json> set_paused(Session& session, bool paused) {
  session.paused = paused;
  if (paused) answer_empty(session, session.pending.take_all());
  return status(session);
}

Result<Json> switch_language(Session& session, const Json& params, bool on) {
  auto language = text_argument(params, "the language's name");
  if (!language) return base::forward(language);
  session.switched_languages[*language] = on;
  return status(session);
}

Result<Json> models(const Session& session) {
  Json out = Json::array();
  if (!session.options.list_models) return out;
  for (const ModelChoice& choice : session.options.list_models())
    out.push_back({{"name", choice.name}, {"detail", choice.detail}, {"loaded", choice.name == session.model_name}});
  return out;
}

Result<Json> load_model(Session& session, const Json& params) {
  auto name = text_argument(params, "a model's name or path");
  if (!name) return base::forward(name);
  if (!session.options.load_named) return fail(ErrorCode::Unsupported, "this server has no other models");
  load_other(session, *name);
  return status(session);
}

Result<Json> use_adapter_command(Session& session, const Json& params) {
  auto folder = text_argument(params, "an adapter's folder, or none");
  if (!folder) return base::forward(folder);
  if (session.model != ModelState::Ready) return fail(ErrorCode::NotFound, "there is no model for an adapter yet");
  use_adapter(session, *folder);
  return status(session);
}

// [{"rank": 16}], or nothing.
Result<Json> finetune(Session& session, const Json& params) {
  const Json* arguments = base::find_field(params, "arguments");
  const bool given = arguments && arguments->is_array() && !arguments->empty();
  const auto rank = given ? base::get_or<std::int64_t>(arguments->front(), "rank", 0) : Result<std::int64_t>(0);
  if (!rank) return base::forward(rank);
  if (*rank < 0 || *rank > 1024) return fail(ErrorCode::InvalidInput, "field 'rank' is {}: expected 1 to 1024", *rank);
  if (auto started = start_tuning(session, *rank); !started) return base::forward(started);
  return status(session);
}

Result<Json> stop_finetune(Session& session) {
  stop_tuning(session);
  return status(session);
}

Result<Json> explain_last(const Session& session) {
  const LastAnswer& last = session.last;
  if (last.query) return explain(*last.query, last.completion);
  return last.note.empty() ? "no suggestion was asked for yet\n" : fmt::format("no suggestion: {}\n", last.note);
}

Result<Json> statistics(const Session& session) {
  const Figures f = session.statistics.figures();
  return Json{{"requests", f.requests}, {"offered", f.offered}, {"fromReady", f.from_ready}, {"shown", f.shown},
              {"accepted", f.accepted}, {"partlyAccepted", f.partly_accepted}, {"acceptedCharacters", f.accepted_characters}, {"dismissed", f.dismissed},
              {"latencyMs", {{"p50", f.median_ms}, {"p95", f.p95_ms}}}};
}

using Command = Result<Json> (*)(Session&, const Json& params);
const std::map<std::string_view, Command> kCommands = {
    {kAcceptCommand, did_accept},
    {kCopilotAcceptCommand, did_accept},
    {"rigpilot.server.status", [](Session& s, const Json&) -> Result<Json> { return status(s); }},
    {"rigpilot.server.pause", [](Session& s, const Json&) { return set_paused(s, true); }},
    {"rigpilot.server.resume", [](Session& s, const Json&) { return set_paused(s, false); }},
    {"rigpilot.server.pauseLanguage", [](Session& s, const Json& params) { return switch_language(s, params, false); }},
    {"rigpilot.server.resumeLanguage", [](Session& s, const Json& params) { return switch_language(s, params, true); }},
    {"rigpilot.server.models", [](Session& s, const Json&) { return models(s); }},
    {"rigpilot.server.loadModel", load_model},
    {"rigpilot.server.useAdapter", use_adapter_command},
    {"rigpilot.server.finetune", finetune},
    {"rigpilot.server.stopFinetune", [](Session& s, const Json&) { return stop_finetune(s); }},
    {"rigpilot.server.explain", [](Session& s, const Json&) { return explain_last(s); }},
    {"rigpilot.server.statistics", [](Session& s, const Json&) { return statistics(s); }},
};

void execute_command(Session& session, const Json& params, Responder respond) {
  auto command = base::get<std::string>(params, "command");
  if (!command) return respond.refuse(response_error(command.error()));
  const auto known = kCommands.find(*command);
  if (known == kCommands.end())
    return respond.refuse({RpcError::InvalidParams, fmt::format("command '{}' is not known: expected '{}' or one of 'rigpilot.server.'",
                                                                *command, kAcceptCommand)});
  auto result = known->second(session, params);
  if (!result) return respond.refuse(response_error(result.error()));
  respond.succeed(std::move(*result));
}

}  // namespace

void add_commands(Dispatcher& methods, Session& session) {
  methods.on_request("workspace/executeCommand",
                     [&](const Json& params, Responder respond) { execute_command(session, params, std::move(respond)); });
}

}  // namespace lsp

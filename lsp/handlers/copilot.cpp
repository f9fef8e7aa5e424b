// What clients of Copilot's language server say besides LSP, answered by a server that needs no account.
// As the README of npm's @github/copilot-language-server has it, and the methods that its older clients still use
// (getCompletions and notify..., which copilot.lua speaks).
#include <utility>

#include "lsp/handlers/handlers.h"

namespace lsp {
namespace {

constexpr const char* kUser = "rigpilot";  // there is no account; clients show this name

void shown(Session& session, const std::string& id) {
  session.statistics.shown(id);
  if (const auto which = read_item_id(id)) session.ready.shown(which->first, which->second);
}

base::Result<void> did_show(Session& session, const Json& params) {
  shown(session, item_id(params));
  return {};
}

base::Result<void> did_partially_accept(Session& session, const Json& params) {
  auto length = base::get<std::int64_t>(params, "acceptedLength");
  if (!length) return base::forward(length);
  if (*length > 0) session.statistics.accepted_to(item_id(params), static_cast<std::size_t>(*length));
  return {};
}

void notify_accepted(Session& session, const Json& params, Responder respond) {
  const std::string id = base::try_get<std::string>(params, "uuid").value_or("");
  const auto length = base::try_get<std::int64_t>(params, "acceptedLength");
  if (length && *length > 0) session.statistics.accepted_to(id, static_cast<std::size_t>(*length));
  else session.statistics.accepted(id);
  respond.succeed("OK");
}

void add_account(Dispatcher& methods, Session& session) {
  const auto signed_in = [](const Json&, Responder respond) { respond.succeed({{"status", "AlreadySignedIn"}, {"user", kUser}}); };
  methods.on_request("signIn", signed_in);
  methods.on_request("signInInitiate", signed_in);
  const auto ok = [](const Json&, Responder respond) { respond.succeed({{"status", "OK"}, {"user", kUser}}); };
  methods.on_request("signInConfirm", ok);
  methods.on_request("checkStatus", ok);
  methods.on_request("signOut", [](const Json&, Responder respond) { respond.succeed({{"status", "NotSignedIn"}}); });
  methods.on_request("getVersion", [&](const Json&, Responder respond) { respond.succeed({{"version", session.options.version}}); });
  methods.on_request("setEditorInfo", [](const Json&, Responder respond) { respond.succeed("OK"); });
  methods.on_request("copilot/models", [&](const Json&, Responder respond) {
    const std::string& name = session.model_name;
    respond.succeed(Json::array({{{"id", name}, {"modelName", name}, {"modelFamily", name}, {"scopes", {"completion"}}, {"default", true}}}));
  });
}

}  // namespace

void add_copilot(Dispatcher& methods, Session& session) {
  add_account(methods, session);
  methods.on_notification("textDocument/didShowCompletion", [&](const Json& params) { return did_show(session, params); });
  methods.on_notification("textDocument/didPartiallyAcceptCompletion",
                          [&](const Json& params) { return did_partially_accept(session, params); });
  methods.on_notification("textDocument/didFocus", [](const Json&) { return base::Result<void>{}; });
  methods.on_notification("textDocument/didShowInlineEdit", [](const Json&) { return base::Result<void>{}; });
  methods.on_request("textDocument/copilotInlineEdit", [](const Json&, Responder respond) { respond.succeed({{"edits", Json::array()}}); });
  methods.on_request("textDocument/copilotPanelCompletion", [&](Json params, Responder respond) {
    params["context"] = {{"triggerKind", 1}};  // opening the panel is asking
    inline_completion(session, params, std::move(respond), AnswerShape::Inline);
  });

  const auto get_completions = [&](Json params, Responder respond) {
    // The oldest say everything of the document in "doc".
    if (const Json* doc = base::find_field(params, "doc"); doc && !base::find_field(params, "textDocument")) {
      const Json copy = *doc;
      params["textDocument"] = {{"uri", copy.value("uri", Json())}};
      params["position"] = copy.value("position", Json());
    }
    inline_completion(session, params, std::move(respond), AnswerShape::Copilot);
  };
  methods.on_request("getCompletions", get_completions);
  methods.on_request("getCompletionsCycling", [get_completions](Json params, Responder respond) {
    params["context"] = {{"triggerKind", 1}};  // going through others is asking
    get_completions(std::move(params), std::move(respond));
  });
  methods.on_request("notifyShown", [&](const Json& params, Responder respond) {
    shown(session, base::try_get<std::string>(params, "uuid").value_or(""));
    respond.succeed("OK");
  });
  methods.on_request("notifyAccepted", [&](const Json& params, Responder respond) { notify_accepted(session, params, std::move(respond)); });
  methods.on_request("notifyRejected", [](const Json&, Responder respond) { respond.succeed("OK"); });
}

}  // namespace lsp

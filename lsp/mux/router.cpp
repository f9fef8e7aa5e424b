#include "lsp/mux/router.h"

#include <utility>

#include "lsp/mux/completions.h"

namespace lsp {
namespace {

// What only our server knows of: Copilot's clients speak so.
constexpr std::string_view kOwnMethods[] = {
    "textDocument/inlineCompletion",
    "textDocument/didShowCompletion",
    "textDocument/didPartiallyAcceptCompletion",
    "textDocument/didFocus",
};

bool is_own(std::string_view method) {
  if (method.starts_with("rigpilot/")) return true;
  for (const std::string_view own : kOwnMethods)
    if (method == own) return true;
  return false;
}

// The same message with another id. Everything else of it is kept, the data of an error too.
std::string with_id(const std::string& body, const Id& id, const Reply& reply) {
  if (auto json = base::parse_json(body, "the message"); json && json->is_object()) {
    (*json)["id"] = write_id(id);
    return base::dump_json(*json);
  }
  return reply.outcome ? result_text(id, *reply.outcome) : error_text(id, reply.outcome.error());
}

Json as_json(const Reply& reply) {
  if (reply.outcome) return {{"result", *reply.outcome}};
  return {{"error", {{"code", static_cast<int>(reply.outcome.error().code)}, {"message", reply.outcome.error().message}}}};
}

// Ids of registrations are each server's own affair, and meet in the editor.
void prefix_ids(Json& params, const char* list) {
  const auto found = params.is_object() ? params.find(list) : params.end();
  if (found == params.end() || !found->is_array()) return;
  for (Json& one : *found)
    if (const auto id = base::try_get<std::string>(one, "id")) one["id"] = "rigpilot/" + *id;
}

}  // namespace

void Router::on_message(Peer from, std::string body) {
  auto message = parse_message(body);
  if (!message) return unreadable(from, message.error());
  if (from == Peer::Editor)
    return std::visit([&](auto& one) { from_editor(one, std::move(body)); }, *message);
  if (from == Peer::Child && !child_alive_) return;
  if (auto* request = std::get_if<Request>(&*message)) return from_server(from, std::move(*request));
  if (auto* notification = std::get_if<Notification>(&*message)) return from_server(from, *notification, std::move(body));
  from_server(from, std::get<Reply>(*message), std::move(body));
}

void Router::unreadable(Peer from, const BadMessage& bad) {
  if (from == Peer::Editor) return ports_.send(Peer::Editor, error_text(bad.id, bad.error));
  ports_.log.warning("{}: unreadable message: {}", from == Peer::Child ? ports_.child_name : "rigpilot", bad.error.message);
  if (!bad.id) return;
  // It was an answer, or nearly; nothing better will come.
  const ResponseError error{RpcError::InternalError, fmt::format("{} gave an answer that is none", ports_.child_name)};
  from_server(from, Reply{*bad.id, std::unexpected(error)}, error_text(*bad.id, error));
}

// -- what the editor says ----------------------------------------------------------------------------------------------

std::optional<ResponseError> Router::refusal(const Request& request) const {
  const bool used = child_owes_.contains(request.id) || own_owes_.contains(request.id) || joint_.contains(request.id);
  if (used) return ResponseError{RpcError::InvalidRequest, fmt::format("the id {} is that of a request at work", id_text(request.id))};
  if (leaving_) return ResponseError{RpcError::InvalidRequest, fmt::format("'{}' came after shutdown", request.method)};
  if (request.method == "initialize") {
    if (!hello_ && !greeted_) return std::nullopt;
    return ResponseError{RpcError::InvalidRequest, "initialize came a second time"};
  }
  if (!greeted_) return ResponseError{RpcError::ServerNotInitialized, fmt::format("'{}' came before initialize", request.method)};
  return std::nullopt;
}

void Router::from_editor(const Request& request, std::string body) {
  if (const auto refused = refusal(request)) return refuse(request.id, *refused);
  if (request.method == "initialize") return initialize(request, body);
  if (request.method == "shutdown") return shutdown(request, body);
  if (request.method == "textDocument/completion") return completion(request, body);
  if (request.method == "completionItem/resolve" && is_own_entry(request.params))
    return ports_.send(Peer::Editor, result_text(request.id, request.params));  // it was whole from the start
  if (request.method == "workspace/executeCommand") {
    const auto command = base::try_get<std::string>(request.params, "command");
    if (command && own_commands_.contains(*command)) return to_own(request, std::move(body));
  }
  if (is_own(request.method)) return to_own(request, std::move(body));
  to_child(request, std::move(body));
}

bool Router::child_hears(const Notification& notification) const {
  if (!child_alive_ || is_own(notification.method)) return false;
  if (child_registers_sync_) return true;
  if (notification.method == "textDocument/didOpen" || notification.method == "textDocument/didClose") return child_sync_.open_close;
  if (notification.method == "textDocument/didChange") return child_sync_.change != 0;
  if (notification.method == "textDocument/didSave") return child_sync_.save;
  return true;
}

void Router::from_editor(const Notification& notification, const std::string& body) {
  if (!greeted_ && notification.method != "exit") return;
  if (notification.method == "$/cancelRequest") return cancel(notification, body);
  if (notification.method == "window/workDoneProgress/cancel") return cancel_progress(notification);
  if (child_hears(notification)) ports_.send(Peer::Child, body);
  ports_.send(Peer::Own, body);
}

void Router::from_editor(const Reply& reply, const std::string& body) {
  const auto* number = reply.id ? std::get_if<std::int64_t>(&reply.id->value) : nullptr;
  const auto node = number ? asked_.extract(*number) : decltype(asked_)::node_type{};
  if (!node) return;
  if (node.mapped().server == Peer::Child && !child_alive_) return;
  ports_.send(node.mapped().server, with_id(body, node.mapped().id, reply));
}

void Router::to_child(const Request& request, std::string body) {
  if (!child_alive_) return answer_for_the_child(request.id, request.method);
  child_owes_.emplace(request.id, request.method);
  ports_.send(Peer::Child, std::move(body));
}

void Router::to_own(const Request& request, std::string body) {
  own_owes_.insert(request.id);
  ports_.send(Peer::Own, std::move(body));
}

void Router::cancel(const Notification& notification, const std::string& body) {
  const Json* field = base::find_field(notification.params, "id");
  const auto id = field ? read_id(*field) : std::nullopt;
  if (!id) return;
  const bool both = joint_.contains(*id);
  if (child_alive_ && (both || child_owes_.contains(*id))) ports_.send(Peer::Child, body);
  if (both || own_owes_.contains(*id)) ports_.send(Peer::Own, body);
}

void Router::cancel_progress(const Notification& notification) {
  const Json* token = base::find_field(notification.params, "token");
  if (!token) return;
  const auto owner = tokens_.owner(*token).value_or(ProgressTokens::Owner{Peer::Child, *token});
  if (owner.server == Peer::Child && !child_alive_) return;
  ports_.send(owner.server, notification_text(notification.method, {{"token", owner.token}}));
}

// -- what a server says ------------------------------------------------------------------------------------------------

void Router::note_registrations(const Json& params) {
  const Json* list = base::find_field(params, "registrations");
  if (!list || !list->is_array()) return;
  for (const Json& one : *list) {
    const std::string method = base::try_get<std::string>(one, "method").value_or("");
    if (method.starts_with("textDocument/did")) child_registers_sync_ = true;
    if (method == "textDocument/completion") child_registers_completion_ = true;
  }
}

void Router::from_server(Peer server, Request request) {
  if (server == Peer::Child && request.method == "client/registerCapability") note_registrations(request.params);
  if (server == Peer::Own && request.method == "client/registerCapability") prefix_ids(request.params, "registrations");
  if (server == Peer::Own && request.method == "client/unregisterCapability") prefix_ids(request.params, "unregisterations");
  if (request.method == "window/workDoneProgress/create")
    if (const Json* token = base::find_field(request.params, "token")) request.params["token"] = tokens_.created(server, Json(*token));
  const std::int64_t number = ++last_asked_;
  asked_.emplace(number, Asked{server, std::move(request.id)});
  ports_.send(Peer::Editor, request_text(Id{number}, request.method, std::move(request.params)));
}

void Router::from_server(Peer server, const Notification& notification, std::string body) {
  if (notification.method == "$/progress") {
    const Json* token = base::find_field(notification.params, "token");
    const Json* value = base::find_field(notification.params, "value");
    if (!token || !value) return ports_.send(Peer::Editor, std::move(body));
    const Json name = tokens_.editors_name(server, *token);
    tokens_.seen(name, *value);
    if (name != *token) return tell_editor("$/progress", {{"token", name}, {"value", *value}});
  }
  if (server == Peer::Child && notification.method == "textDocument/publishDiagnostics")
    if (const auto uri = base::try_get<std::string>(notification.params, "uri")) diagnosed_.insert(*uri);
  ports_.send(Peer::Editor, std::move(body));
}

void Router::from_server(Peer server, const Reply& reply, std::string body) {
  if (!reply.id) return ports_.log.warning("{}: an answer to nothing", server == Peer::Child ? ports_.child_name : "rigpilot");
  if (hello_ && *reply.id == hello_->id) {
    if (server == Peer::Child && !own_asked_hello_) return child_said_hello(reply);
    if (server == Peer::Own) return own_said_hello(reply);
  }
  if (joint_.contains(*reply.id)) return take_half(server, *reply.id, as_json(reply));
  const bool owed = server == Peer::Child ? child_owes_.erase(*reply.id) > 0 : own_owes_.erase(*reply.id) > 0;
  if (owed) return ports_.send(Peer::Editor, std::move(body));
  ports_.log.warning("{}: an answer to {}, which was not asked or is answered", server == Peer::Child ? ports_.child_name : "rigpilot",
                     id_text(*reply.id));
}

void Router::tell_editor(std::string_view method, Json params) { ports_.send(Peer::Editor, notification_text(method, std::move(params))); }

}  // namespace lsp

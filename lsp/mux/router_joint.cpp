// The router's requests that concern both servers (initialize, shutdown, completion), and the child's end.
#include <utility>

#include "lsp/mux/completions.h"
#include "lsp/mux/router.h"

namespace lsp {
namespace {

constexpr std::chrono::milliseconds kLeavePatience{3000};

// The object at `field`, made where there is none.
Json& object_at(Json& holder, const char* field) {
  Json& value = holder[field];
  if (!value.is_object()) value = Json::object();
  return value;
}

// initialize as our server gets it: columns as the child counts them, and of the options only what is meant for us.
Json own_hello(Json params, const std::optional<std::string>& encoding) {
  if (!params.is_object()) return params;
  if (encoding) object_at(object_at(params, "capabilities"), "general")["positionEncodings"] = Json::array({*encoding});
  const Json* options = base::find_field(params, "initializationOptions");
  const Json* ours = options ? base::find_field(*options, "rigpilot") : nullptr;
  const Json kept = ours ? *ours : Json::object();
  params["initializationOptions"] = kept;
  params.erase("workDoneToken");  // the child's to report on
  return params;
}

}  // namespace

void Router::initialize(const Request& request, const std::string& body) {
  hello_ = request;
  if (child_alive_) ports_.send(Peer::Child, body);
  else ask_own_hello();
}

void Router::child_said_hello(const Reply& reply) {
  if (!reply.outcome) return lose_child(fmt::format("refused to start: {}", reply.outcome.error().message));
  child_hello_ = *reply.outcome;
  if (const Json* capabilities = base::find_field(child_hello_, "capabilities")) child_capabilities_ = *capabilities;
  child_sync_ = sync_wishes(child_capabilities_);
  ask_own_hello();
}

void Router::ask_own_hello() {
  own_asked_hello_ = true;
  const auto encoding = child_alive_ ? std::optional(encoding_of(child_capabilities_)) : std::nullopt;
  ports_.send(Peer::Own, request_text(hello_->id, "initialize", own_hello(hello_->params, encoding)));
}

void Router::own_said_hello(const Reply& reply) {
  const Id id = hello_->id;
  hello_.reset();
  if (!reply.outcome) return refuse(id, reply.outcome.error());
  greeted_ = true;
  const Json* own = base::find_field(*reply.outcome, "capabilities");
  own_capabilities_ = own ? *own : Json::object();
  own_commands_ = commands_of(own_capabilities_);
  if (child_alive_ && encoding_of(child_capabilities_) != encoding_of(own_capabilities_))
    ports_.log.error("{} counts columns in {}, which Rigpilot cannot: suggestions may be off in lines with other letters than ASCII",
                     ports_.child_name, encoding_of(child_capabilities_));
  Json result = child_alive_ && child_hello_.is_object() ? child_hello_ : *reply.outcome;
  if (!result.is_object()) result = Json::object();
  result["capabilities"] = child_alive_ ? merged_capabilities(child_capabilities_, own_capabilities_) : own_capabilities_;
  ports_.send(Peer::Editor, result_text(id, std::move(result)));
}

void Router::shutdown(const Request& request, const std::string& body) {
  leaving_ = true;
  ask_both(request, body);
  ports_.set_leave_timer(kLeavePatience);
}

void Router::completion(const Request& request, const std::string& body) {
  const bool own_offers = base::find_field(own_capabilities_, "completionProvider");
  bool child_offers = child_registers_completion_ || base::find_field(child_capabilities_, "completionProvider");
  const Json* context = base::find_field(request.params, "context");
  const auto trigger = context ? base::try_get<std::string>(*context, "triggerCharacter") : std::nullopt;
  // One that only we want to hear of.
  if (trigger && triggers_completion(own_capabilities_, *trigger) && !triggers_completion(child_capabilities_, *trigger) &&
      !child_registers_completion_)
    child_offers = false;
  if (own_offers && child_offers && child_alive_) return ask_both(request, body);
  if (own_offers) return to_own(request, body);
  to_child(request, body);
}

void Router::ask_both(const Request& request, const std::string& body) {
  Joint& joint = joint_[request.id];
  joint.method = request.method;
  if (!child_alive_) joint.child = {{"result", nullptr}};
  else ports_.send(Peer::Child, body);
  ports_.send(Peer::Own, body);
}

void Router::take_half(Peer server, const Id& id, Json reply) {
  const auto found = joint_.find(id);
  if (found == joint_.end()) return;
  auto& half = server == Peer::Child ? found->second.child : found->second.own;
  if (half) return ports_.log.warning("a second answer to {}", id_text(id));
  half = std::move(reply);
  if (!found->second.child || !found->second.own) return;
  const auto node = joint_.extract(found);
  finish(node.key(), node.mapped());
}

void Router::finish(const Id& id, const Joint& joint) {
  const Json &child = joint.child.value_or(Json::object()), &own = joint.own.value_or(Json::object());
  if (joint.method == "shutdown") return ports_.send(Peer::Editor, result_text(id, nullptr));
  const Json* child_list = base::find_field(child, "result");
  const Json* own_list = base::find_field(own, "result");
  // Where one of them failed the other's list still helps; where both did, the language server's reason is the one that matters.
  if (!child_list && !own_list && child.contains("error")) {
    const Json& error = child.at("error");
    return refuse(id, {static_cast<RpcError>(base::try_get<int>(error, "code").value_or(static_cast<int>(RpcError::RequestFailed))),
                       base::try_get<std::string>(error, "message").value_or("no message")});
  }
  ports_.send(Peer::Editor, result_text(id, merged_completions(child_list ? *child_list : Json(), own_list ? *own_list : Json())));
}

void Router::on_leave_timer() {
  if (!leaving_) return;
  for (auto at = joint_.begin(); at != joint_.end();) {
    const auto node = joint_.extract(at++);
    finish(node.key(), node.mapped());
  }
}

// -- the child's end ---------------------------------------------------------------------------------------------------

// Nearly everything about a document may be answered with "nothing"; an editor would show an error at every movement.
void Router::answer_for_the_child(const Id& id, std::string_view method) {
  if (method.starts_with("textDocument/") && !method.starts_with("textDocument/diagnostic"))
    return ports_.send(Peer::Editor, result_text(id, nullptr));
  refuse(id, {RpcError::RequestFailed, fmt::format("{} has ended", ports_.child_name)});
}

void Router::clean_up_after_child() {
  for (const auto& [id, method] : std::exchange(child_owes_, {})) answer_for_the_child(id, method);
  std::vector<Id> halves;
  for (const auto& [id, joint] : joint_)
    if (!joint.child) halves.push_back(id);
  for (const Id& id : halves) take_half(Peer::Child, id, {{"result", nullptr}});
  for (const Json& token : tokens_.unfinished(Peer::Child)) tell_editor("$/progress", {{"token", token}, {"value", {{"kind", "end"}}}});
  // What it complained of cannot be mended away any more.
  for (const std::string& uri : std::exchange(diagnosed_, {}))
    tell_editor("textDocument/publishDiagnostics", {{"uri", uri}, {"diagnostics", Json::array()}});
  std::erase_if(asked_, [](const auto& one) { return one.second.server == Peer::Child; });
}

void Router::lose_child(const std::string& why) {
  child_alive_ = false;
  if (!leaving_) {
    const auto text = fmt::format("{} {}: what it did is missing until the server is started again; Rigpilot's suggestions go on",
                                  ports_.child_name, why);
    ports_.log.error("{}", text);
    tell_editor("window/showMessage", {{"type", 1}, {"message", text}});
  }
  clean_up_after_child();
  if (hello_ && !own_asked_hello_) ask_own_hello();
}

void Router::on_child_gone(const std::string& why) {
  if (child_alive_) lose_child(why);
}

}  // namespace lsp

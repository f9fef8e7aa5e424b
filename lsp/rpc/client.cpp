#include "lsp/rpc/client.h"

#include <utility>

namespace lsp {

void Client::request(std::string_view method, Json params, OnReply on_reply) {
  const std::int64_t id = ++last_id_;
  asked_.emplace(id, std::move(on_reply));
  send_(request_text(Id{id}, method, std::move(params)));
}

void Client::reply(const Id& id, Outcome outcome) {
  send_(outcome ? result_text(id, std::move(*outcome)) : error_text(id, outcome.error()));
}

void Client::show(MessageKind kind, std::string_view text) {
  notify("window/showMessage", {{"type", static_cast<int>(kind)}, {"message", text}});
}

void Client::log(MessageKind kind, std::string_view text) {
  notify("window/logMessage", {{"type", static_cast<int>(kind)}, {"message", text}});
}

void Client::on_reply(Reply reply) {
  const auto* id = reply.id ? std::get_if<std::int64_t>(&reply.id->value) : nullptr;
  if (!id) return;
  if (auto node = asked_.extract(*id)) node.mapped()(std::move(reply.outcome));
}

}  // namespace lsp

// client.h: the server's side of the conversation: what it tells the client and asks it.
// notify() and request() from handlers; reply() is what Responders end in; on_reply() takes the client's answers.
// Main loop only. A reply nobody asked for is ignored; a request the client never answers is forgotten with this object.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "lsp/protocol/message.h"
#include "lsp/rpc/responder.h"

namespace lsp {

enum class MessageKind { Error = 1, Warning = 2, Info = 3, Log = 4, Debug = 5 };

class Client {
 public:
  using Send = std::function<void(std::string body)>;
  using OnReply = std::function<void(Outcome)>;

  explicit Client(Send send) : send_(std::move(send)) {}

  void notify(std::string_view method, Json params) { send_(notification_text(method, std::move(params))); }
  void request(std::string_view method, Json params, OnReply on_reply);
  void reply(const Id& id, Outcome outcome);
  void refuse_unreadable(const BadMessage& bad) { send_(error_text(bad.id, bad.error)); }

  void show(MessageKind kind, std::string_view text);  // to the user: window/showMessage
  void log(MessageKind kind, std::string_view text);   // to the client's log: window/logMessage

  void on_reply(Reply reply);

 private:
  Send send_;
  std::map<std::int64_t, OnReply> asked_;
  std::int64_t last_id_ = 0;
};

}  // namespace lsp

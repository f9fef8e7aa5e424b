// dispatcher.h: the table of methods, and the guard around every call into a handler.
// Handlers are added once, at the start; call() runs one. A method nobody handles is -32601 for a request; a notification
// that nobody handles is ignored, as the protocol asks. Main loop only.
// A foreign exception ends the one call it happened in: its request is answered with an error, the server goes on.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lsp/rpc/responder.h"

namespace lsp {

// Runs `work`; what it throws becomes an error that starts with `doing`.
base::Result<void> guarded(std::string_view doing, const std::function<void()>& work);

class Dispatcher {
 public:
  using OnRequest = std::function<void(const Json& params, Responder respond)>;
  using OnNotification = std::function<base::Result<void>(const Json& params)>;

  void on_request(std::string method, OnRequest handler) { requests_[std::move(method)] = std::move(handler); }
  void on_notification(std::string method, OnNotification handler) { notifications_[std::move(method)] = std::move(handler); }

  void call(const Request& request, Responder respond) const;
  base::Result<void> call(const Notification& notification) const;  // an error is one to log: nobody can be answered

 private:
  std::map<std::string, OnRequest> requests_;
  std::map<std::string, OnNotification> notifications_;
};

}  // namespace lsp

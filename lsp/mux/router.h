// router.h: who gets which message, between an editor, the language server it chose (the child) and our own server.
// on_message() with each body as it came; what is to be sent leaves through Ports. The editor's ids go to the servers as they
// are; the servers' own requests get new ids on their way to the editor. What needs no change is passed on byte for byte.
// Promises: every request of the editor is answered exactly once, also when the child ends, never answers or sends nonsense;
// until the child has answered initialize it alone decides how columns are counted. Main loop only, waits for nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/log.h"
#include "lsp/mux/capabilities.h"
#include "lsp/mux/progress_tokens.h"
#include "lsp/protocol/message.h"

namespace lsp {

struct RouterPorts {
  std::function<void(Peer, std::string body)> send;
  std::function<void(std::chrono::milliseconds)> set_leave_timer;  // on_leave_timer() afterwards
  const base::Logger& log;
  std::string child_name;  // for people: "clangd"
};

class Router {
 public:
  explicit Router(RouterPorts ports) : ports_(std::move(ports)) {}

  void on_message(Peer from, std::string body);
  void on_child_gone(const std::string& why);
  void on_leave_timer();

  bool leaving() const { return leaving_; }  // the editor has said shutdown

 private:
  // A request of the editor that both servers answer.
  struct Joint {
    std::string method;
    std::optional<Json> child, own;  // whole replies
  };
  struct Asked {
    Peer server = Peer::Child;
    Id id;
  };

  void from_editor(const Request& request, std::string body);
  void from_editor(const Notification& notification, const std::string& body);
  void from_editor(const Reply& reply, const std::string& body);
  void from_server(Peer server, Request request);
  void from_server(Peer server, const Notification& notification, std::string body);
  void from_server(Peer server, const Reply& reply, std::string body);
  void unreadable(Peer from, const BadMessage& bad);
  std::optional<ResponseError> refusal(const Request& request) const;

  void initialize(const Request& request, const std::string& body);
  void child_said_hello(const Reply& reply);
  void ask_own_hello();
  void own_said_hello(const Reply& reply);
  void shutdown(const Request& request, const std::string& body);

  void completion(const Request& request, const std::string& body);
  void ask_both(const Request& request, const std::string& body);
  void take_half(Peer server, const Id& id, Json reply);
  void finish(const Id& id, const Joint& joint);
  void lose_child(const std::string& why);
  void to_child(const Request& request, std::string body);
  void to_own(const Request& request, std::string body);
  bool child_hears(const Notification& notification) const;
  void cancel(const Notification& notification, const std::string& body);
  void cancel_progress(const Notification& notification);
  void note_registrations(const Json& params);
  void refuse(const Id& id, const ResponseError& error) { ports_.send(Peer::Editor, error_text(id, error)); }
  void answer_for_the_child(const Id& id, std::string_view method);
  void clean_up_after_child();
  void tell_editor(std::string_view method, Json params);

  RouterPorts ports_;
  bool child_alive_ = true;
  bool greeted_ = false;         // initialize was answered
  bool own_asked_hello_ = false;
  bool leaving_ = false;

  std::optional<Request> hello_;  // initialize, until it is answered
  Json child_hello_, child_capabilities_, own_capabilities_;
  SyncWishes child_sync_;
  bool child_registers_sync_ = false, child_registers_completion_ = false;  // dynamically
  std::set<std::string> own_commands_;

  std::map<Id, std::string> child_owes_;  // the editor's requests, with their methods
  std::set<Id> own_owes_;
  std::map<Id, Joint> joint_;
  std::map<std::int64_t, Asked> asked_;  // of the editor, by the ids that it knows
  std::int64_t last_asked_ = 0;
  ProgressTokens tokens_;
  std::set<std::string> diagnosed_;  // documents with the child's diagnostics
};

}  // namespace lsp

// Any messages, from any of the three sides, in any order: the router answers each request of the editor at most once, all of them
// once the child is gone and our server has answered, and never more than that. A seed has one message a line: E, C or O, and the body.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "lsp/mux/router.h"

namespace {

using lsp::Peer;

struct Conversation {
  base::Logger log{base::LogLevel::Error};
  std::map<lsp::Id, int> owed;       // requests of the editor not yet answered
  std::set<lsp::Id> asked_own;       // what our server has to answer
  lsp::Router router;

  Conversation()
      : router({.send = [this](Peer to, std::string body) { sent(to, body); }, .set_leave_timer = [](auto) {}, .log = log, .child_name = "child"}) {
    log = base::Logger(static_cast<base::LogLevel>(0));  // it complains of nearly everything here
  }

  void sent(Peer to, const std::string& body) {
    const auto message = lsp::parse_message(body);
    if (!message) std::abort();  // what leaves the router is well-formed, whatever came in
    if (to == Peer::Own)
      if (const auto* request = std::get_if<lsp::Request>(&*message)) asked_own.insert(request->id);
    if (to != Peer::Editor) return;
    const auto* reply = std::get_if<lsp::Reply>(&*message);
    if (!reply || !reply->id) return;
    if (--owed[*reply->id] < 0) std::abort();  // an answer too many
  }

  void say(Peer from, std::string body) {
    if (from == Peer::Editor) {
      const auto message = lsp::parse_message(body);
      if (!message && message.error().id) ++owed[*message.error().id];
      if (message)
        if (const auto* request = std::get_if<lsp::Request>(&*message)) ++owed[request->id];
    }
    if (from == Peer::Own) {
      const auto message = lsp::parse_message(body);  // ours answers what it was asked, once
      if (message)
        if (const auto* reply = std::get_if<lsp::Reply>(&*message))
          if (!reply->id || asked_own.erase(*reply->id) == 0) return;
      if (!message) return;
    }
    router.on_message(from, std::move(body));
  }

  void end() {
    router.on_child_gone("has ended");
    while (!asked_own.empty()) say(Peer::Own, lsp::result_text(*asked_own.begin(), {{"capabilities", lsp::Json::object()}}));
    for (const auto& [id, count] : owed)
      if (count != 0) std::abort();  // one that waits for ever
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Conversation conversation;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty()) continue;
    const Peer from = line.front() == 'E' ? Peer::Editor : line.front() == 'C' ? Peer::Child : Peer::Own;
    conversation.say(from, std::string(line.substr(1)));
  }
  conversation.end();
  return 0;
}

// server_client.h: a language server on a thread of its own and a client for it, joined in memory.
//   ServerUnderTest server({.complete = ...}); server.initialize(); auto reply = server.ask("method", params);
// Every wait ends after seconds with a failed REQUIRE; every id may be answered once only. The model is a fake.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "lsp/server.h"
#include "lsp/transport/framing.h"
#include "lsp/transport/memory.h"
#include "support/catch.h"

namespace tests {

using base::Json;

// A model that nothing asks: the completer is a fake too.
inline lsp::ModelLoader loads_at_once() {
  return [](const auto& progress, std::stop_token) -> base::Result<std::unique_ptr<lsp::Model>> {
    progress(0.5);
    auto model = std::make_unique<lsp::Model>();
    model->name = "fake";
    return model;
  };
}

inline lsp::Completer writes(std::string text) {
  return [text](const lsp::Query& query, const lsp::Deps&, std::stop_token) -> base::Result<lsp::Completion> {
    lsp::Completion completion;
    completion.items = {{.begin = query.cursor, .end = query.cursor, .text = text, .ghost = text}};
    completion.reason = lsp::Reason::Suggested;
    return completion;
  };
}

class ServerUnderTest {
 public:
  explicit ServerUnderTest(lsp::ServerOptions options = {}, lsp::ModelLoader load = loads_at_once())
      : log_(base::LogLevel::Error) {
    if (!options.complete) options.complete = writes("!");
    auto [ours, theirs] = lsp::memory_pair();
    ours_ = std::move(ours);
    theirs_ = std::move(theirs);
    thread_ = std::thread([this, options, load] { code_ = lsp::run_server(*theirs_, options, load, log_); });
  }
  ~ServerUnderTest() { exit_code(); }

  void send_bytes(std::string_view bytes) { ours_->write(bytes); }
  void send(const Json& message) { send_bytes(lsp::frame(message.dump())); }
  void notify(std::string_view method, Json params = Json::object()) {
    send({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
  }
  int start(std::string_view method, Json params = Json::object()) {
    send({{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", std::move(params)}});
    return last_id_;
  }
  Json ask(std::string_view method, Json params = Json::object()) { return reply(start(method, std::move(params))); }

  // The whole reply to one of our requests.
  Json reply(int id) {
    return wait_for([id](const Json& m) { return !m.contains("method") && m.value("id", Json()) == id; });
  }
  // The next request or notification of this method (and, for $/progress, whose value is of this kind).
  Json next(std::string_view method, std::string_view kind = "") {
    return wait_for([&](const Json& m) {
      if (m.value("method", "") != method) return false;
      return kind.empty() || m.at("params").at("value").at("kind") == kind;
    });
  }
  Json reply_with_null_id() {
    return wait_for([](const Json& m) { return !m.contains("method") && m.contains("id") && m.at("id").is_null(); });
  }
  bool has_come(std::string_view method) {
    receive();
    for (const Json& message : arrived_)
      if (message.value("method", "") == method) return true;
    return false;
  }

  void initialize(Json capabilities = Json::object(), std::string_view client = "test") {
    const Json params = {{"processId", nullptr}, {"clientInfo", {{"name", client}}}, {"capabilities", std::move(capabilities)}};
    REQUIRE(ask("initialize", params).contains("result"));
    notify("initialized");
  }
  void open(std::string_view text, std::string_view uri = "file:///a") {
    notify("textDocument/didOpen", {{"textDocument", {{"uri", uri}, {"languageId", "cpp"}, {"version", 1}, {"text", text}}}});
  }
  int start_inline(int line, int character, std::string_view uri = "file:///a") { return start("textDocument/inlineCompletion", inline_params(line, character, uri)); }
  Json ask_inline(int line, int character, std::string_view uri = "file:///a") { return reply(start_inline(line, character, uri)); }
  void cancel(int id) { notify("$/cancelRequest", {{"id", id}}); }

  static Json inline_params(int line, int character, std::string_view uri) {
    return {{"textDocument", {{"uri", uri}}}, {"position", {{"line", line}, {"character", character}}}, {"context", {{"triggerKind", 2}}}};
  }

  void hang_up() { ours_->end_output(); }
  // Ends the client's side if the server still runs, and waits for it.
  int exit_code() {
    if (thread_.joinable()) {
      hang_up();
      thread_.join();
    }
    return code_;
  }
  int shut_down() {
    CHECK(ask("shutdown").at("result").is_null());
    notify("exit");
    thread_.join();
    return code_;
  }
  void wait_end() { thread_.join(); }
  std::map<std::string, int> answers() {  // how often each id was answered
    receive();
    return answers_;
  }

 private:
  void receive() {
    frames_.feed(ours_->take_arrived());
    while (auto body = frames_.next()) {
      REQUIRE(*body);
      Json message = Json::parse(**body);
      if (message.at("jsonrpc") != "2.0") FAIL("no jsonrpc in " << **body);
      if (!message.contains("method")) ++answers_[message.at("id").dump()];
      arrived_.push_back(std::move(message));
    }
  }
  template <class Wanted>
  Json wait_for(Wanted&& wanted) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (;;) {
      receive();
      for (auto at = arrived_.begin(); at != arrived_.end(); ++at) {
        if (!wanted(*at)) continue;
        Json found = std::move(*at);
        arrived_.erase(at);
        return found;
      }
      if (std::chrono::steady_clock::now() > until) FAIL("nothing came in 20 seconds");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  base::Logger log_;
  std::unique_ptr<lsp::MemoryTransport> ours_, theirs_;
  std::thread thread_;
  int code_ = -1;
  int last_id_ = 100;
  lsp::FrameReader frames_;
  std::deque<Json> arrived_;
  std::map<std::string, int> answers_;
};

}  // namespace tests

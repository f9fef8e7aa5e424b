#include <atomic>
#include <stdexcept>
#include <string>

#include "lsp/server_client.h"

using tests::Json;
using tests::ServerUnderTest;

namespace {

const Json kNothing = Json::parse(R"({"items":[]})");

// Works until it is stopped, counting who began and who was stopped.
struct Slow {
  std::atomic<int> begun = 0, stopped = 0;
  lsp::Completer completer() {
    return [this](const lsp::Query&, const lsp::Deps&, std::stop_token stop) -> base::Result<lsp::Completion> {
      ++begun;
      while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++stopped;
      return base::cancelled();
    };
  }
  void wait_begun(int count) const {
    while (begun < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
};

lsp::ModelLoader fails(std::string why) {
  return [why](const auto&, std::stop_token) -> base::Result<std::unique_ptr<lsp::Model>> {
    return base::fail(base::ErrorCode::NotFound, "{}", why);
  };
}

// Loads until `ready` or stopped.
lsp::ModelLoader waits_for(const std::atomic<bool>& ready) {
  return [&ready](const auto& progress, std::stop_token stop) -> base::Result<std::unique_ptr<lsp::Model>> {
    for (int percent = 0; !ready; percent = percent < 99 ? percent + 1 : 99) {
      if (stop.stop_requested()) return base::cancelled();
      progress(percent / 100.0);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return tests::loads_at_once()(progress, stop);
  };
}

}  // namespace

TEST_CASE("a suggestion, with what is needed to see it accepted") {
  ServerUnderTest server({.complete = tests::writes(" main() {")});
  server.initialize();
  server.open("x\nint");
  const Json items = server.ask_inline(1, 3).at("result").at("items");
  REQUIRE(items.size() == 1);
  CHECK(items[0].at("insertText") == " main() {");
  CHECK(items[0].at("range") == Json::parse(R"({"start":{"line":1,"character":3},"end":{"line":1,"character":3}})"));
  const Json command = items[0].at("command");
  CHECK(server.ask("workspace/executeCommand", {{"command", command.at("command")}, {"arguments", command.at("arguments")}}).at("result").is_null());
  CHECK(server.ask("workspace/executeCommand", {{"command", "other"}}).at("error").at("code") == -32602);
  CHECK(server.shut_down() == 0);
}

TEST_CASE("the text the engine sees is the text after every edit") {
  ServerUnderTest server({.complete = [](const lsp::Query& query, const auto&, auto) {
    const std::string text(query.document.text());
    const lsp::Model model;
    const lsp::CompletionSettings settings;
    return tests::writes("[" + text.substr(0, query.cursor) + "|" + text.substr(query.cursor) + "]")(query, lsp::Deps{.model = model, .settings = settings}, {});
  }});
  server.initialize();
  server.open("a\nb");
  server.notify("textDocument/didChange",
                Json::parse(R"({"textDocument":{"uri":"file:///a","version":2},"contentChanges":[
    {"range":{"start":{"line":1,"character":1},"end":{"line":1,"character":1}},"text":"😀c"},
    {"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":1}},"text":"z"}]})"));
  CHECK(server.ask_inline(1, 3).at("result").at("items")[0].at("insertText") == "[z\nb😀|c]");
  CHECK(server.ask_inline(9, 9).at("result").at("items")[0].at("insertText") == "[z\nb😀c|]");  // past the end
  server.notify("textDocument/didClose", Json::parse(R"({"textDocument":{"uri":"file:///a"}})"));
  CHECK(server.ask_inline(0, 0).at("error").at("message") == "the document 'file:///a' is not open");
  CHECK(server.shut_down() == 0);
}

TEST_CASE("the client's cancel is answered with its code, and stops the engine") {
  Slow slow;
  ServerUnderTest server({.complete = slow.completer()});
  server.initialize();
  server.open("int");
  const int id = server.start_inline(0, 3);
  slow.wait_begun(1);
  server.cancel(id);
  CHECK(server.reply(id).at("error").at("code") == -32800);
  server.cancel(id);
  CHECK(server.shut_down() == 0);
  CHECK(slow.stopped == 1);
  CHECK(server.answers().at(std::to_string(id)) == 1);
}

TEST_CASE("a newer request for the same document takes the older one's place") {
  Slow slow;
  ServerUnderTest server({.complete = slow.completer()});
  server.initialize();
  server.open("int");
  server.open("other", "file:///b");
  const int first = server.start_inline(0, 1);
  slow.wait_begun(1);
  const int other = server.start_inline(0, 1, "file:///b"), second = server.start_inline(0, 2);
  CHECK(server.reply(first).at("result") == kNothing);
  slow.wait_begun(2);  // the other document's is still wanted
  server.cancel(other);
  CHECK(server.reply(other).at("error").at("code") == -32800);
  slow.wait_begun(3);
  server.notify("textDocument/didClose", Json::parse(R"({"textDocument":{"uri":"file:///a"}})"));
  CHECK(server.reply(second).at("result") == kNothing);
  CHECK(server.shut_down() == 0);
}

TEST_CASE("a request waits for the model, but not for ever, and may be cancelled") {
  std::atomic<bool> ready = false;
  const auto patience = GENERATE(std::chrono::milliseconds(20000), std::chrono::milliseconds(50));
  ServerUnderTest server({.load_patience = patience}, waits_for(ready));
  server.initialize();
  server.open("int");
  const int first = server.start_inline(0, 3);
  if (patience < std::chrono::seconds(1)) {
    CHECK(server.reply(first).at("result") == kNothing);
  } else {
    server.cancel(first);
    CHECK(server.reply(first).at("error").at("code") == -32800);
    const int second = server.start_inline(0, 3);
    ready = true;
    CHECK(server.reply(second).at("result").at("items").size() == 1);
  }
  ready = true;
  CHECK(server.shut_down() == 0);
}

TEST_CASE("leaving while the model loads stops the loading") {
  const std::atomic<bool> never = false;
  ServerUnderTest server({}, waits_for(never));
  server.initialize();
  CHECK(server.shut_down() == 0);
}

TEST_CASE("a model that cannot be loaded is told once, and requests are answered empty") {
  ServerUnderTest server({}, fails("there is no file 'm.gguf'"));
  server.initialize();
  server.open("int");
  CHECK(server.ask_inline(0, 3).at("result") == kNothing);
  CHECK(server.next("window/showMessage").at("params") ==
        Json::parse(R"({"type":1,"message":"Rigpilot makes no suggestions: there is no file 'm.gguf'"})"));
  CHECK(server.next("window/logMessage").at("params").at("type") == 1);
  CHECK(server.ask_inline(0, 3).at("result") == kNothing);
  CHECK_FALSE(server.has_come("window/showMessage"));
  CHECK(server.shut_down() == 0);
}

TEST_CASE("whatever goes wrong while completing, the answer is empty and the next request is served") {
  int calls = 0;
  ServerUnderTest server({.complete = [&calls](const lsp::Query& query, const lsp::Deps& deps, std::stop_token stop) -> base::Result<lsp::Completion> {
    switch (++calls) {
      case 1: throw std::runtime_error("oh");
      case 2: throw std::bad_alloc();
      case 3: return base::fail(base::ErrorCode::OutOfMemory, "no room");
      case 4: return lsp::Completion{};
      case 5: return tests::writes(std::string("nul\0", 4))(query, deps, stop);
      default: return tests::writes("fine")(query, deps, stop);
    }
  }});
  server.initialize();
  server.open("int");
  for (int i = 0; i < 5; ++i) CHECK(server.ask_inline(0, 3).at("result") == kNothing);
  CHECK(server.ask_inline(0, 3).at("result").at("items").size() == 1);
  CHECK(server.shut_down() == 0);
}

TEST_CASE("a loader that throws or gives nothing is a model that cannot be loaded") {
  const bool throws = GENERATE(true, false);
  ServerUnderTest server({}, [throws](const auto&, std::stop_token) -> base::Result<std::unique_ptr<lsp::Model>> {
    if (throws) throw std::runtime_error("oh");
    return nullptr;
  });
  server.initialize();
  server.open("int");
  CHECK(server.ask_inline(0, 3).at("result") == kNothing);
  CHECK(server.next("window/showMessage").at("params").at("type") == 1);
  CHECK(server.shut_down() == 0);
}

TEST_CASE("progress of loading: begin, reports, end; only after the client agreed") {
  std::atomic<bool> ready = false;
  ServerUnderTest server({}, waits_for(ready));
  server.initialize(Json::parse(R"({"window":{"workDoneProgress":true}})"));
  const Json created = server.next("window/workDoneProgress/create");
  const Json token = created.at("params").at("token");
  const bool agrees = GENERATE(true, false);
  if (!agrees) {
    server.send({{"jsonrpc", "2.0"}, {"id", created.at("id")}, {"error", {{"code", -32601}, {"message", "no"}}}});
    ready = true;
    server.open("int");
    CHECK(server.ask_inline(0, 3).at("result").at("items").size() == 1);
    CHECK_FALSE(server.has_come("$/progress"));
  } else {
    server.send({{"jsonrpc", "2.0"}, {"id", created.at("id")}, {"result", nullptr}});
    const Json begin = server.next("$/progress");
    CHECK(begin.at("params").at("token") == token);
    CHECK(begin.at("params").at("value").at("kind") == "begin");
    CHECK(begin.at("params").at("value").at("title") == "Loading the model");
    const Json report = server.next("$/progress");
    CHECK(report.at("params").at("value").at("kind") == "report");
    CHECK(report.at("params").at("value").at("percentage") > begin.at("params").at("value").at("percentage"));
    ready = true;
    CHECK(server.next("$/progress", "end").at("params").at("value").at("message") == "fake");
  }
  CHECK(server.shut_down() == 0);
}

TEST_CASE("settings pushed and pulled; what is wrong is said once") {
  const Json pushed = Json::parse(R"({"settings":{"rigpilot":{"completion":{"enabled":false,"maxTokens":"x"}}}})");
  SECTION("pushed") {
    ServerUnderTest server;
    server.initialize();
    server.open("int");
    CHECK(server.ask_inline(0, 3).at("result").at("items").size() == 1);
    server.notify("workspace/didChangeConfiguration", pushed);
    server.notify("workspace/didChangeConfiguration", pushed);
    CHECK(server.next("window/showMessage").at("params").at("message") ==
          "setting 'rigpilot.completion.maxTokens' is \"x\": expected an integer from 1 to 1024");
    CHECK(server.ask_inline(0, 3).at("result") == kNothing);
    CHECK_FALSE(server.has_come("window/showMessage"));
    server.notify("workspace/didChangeConfiguration", Json::parse(R"({"settings":{"rigpilot":{}}})"));  // back to what was
    CHECK(server.ask_inline(0, 3).at("result").at("items").size() == 1);
    CHECK(server.shut_down() == 0);
  }
  SECTION("pulled: off at the start loads no model, on again does") {
    std::atomic<int> loads = 0;
    ServerUnderTest server({}, [&](const auto& progress, std::stop_token stop) { ++loads; return tests::loads_at_once()(progress, stop); });
    server.initialize(Json::parse(R"({"workspace":{"configuration":true}})"));
    const auto answer = [&](const char* section) {
      const Json asked = server.next("workspace/configuration");
      server.send({{"jsonrpc", "2.0"}, {"id", asked.at("id")}, {"result", Json::array({Json::parse(section)})}});
    };
    answer(R"({"completion":{"enabled":false}})");
    server.open("int");
    CHECK(server.ask_inline(0, 3).at("result") == kNothing);
    CHECK(loads == 0);
    server.notify("workspace/didChangeConfiguration", Json::parse(R"({"settings":null})"));
    answer(R"({"completion":{"enabled":true}})");
    CHECK(server.ask_inline(0, 3).at("result").at("items").size() == 1);
    CHECK(loads == 1);
    CHECK(server.shut_down() == 0);
  }
  SECTION("in initializationOptions") {
    ServerUnderTest server;
    server.ask("initialize", Json::parse(R"({"capabilities":{},"initializationOptions":{"completion":{"enabled":false}}})"));
    server.notify("initialized");
    server.open("int");
    CHECK(server.ask_inline(0, 3).at("result") == kNothing);
    CHECK(server.shut_down() == 0);
  }
}

TEST_CASE("a client that never sends its configuration gets suggestions all the same") {
  ServerUnderTest server;
  server.initialize(Json::parse(R"({"workspace":{"configuration":true}})"));
  server.open("int");
  CHECK(server.ask_inline(0, 3).at("result").at("items").size() == 1);
  CHECK(server.shut_down() == 0);
}

TEST_CASE("with trace on, each answer says why") {
  ServerUnderTest server({.complete = tests::writes("!")});
  server.initialize();
  server.notify("$/setTrace", {{"value", "verbose"}});
  server.open("int");
  const int id = server.start_inline(0, 3);
  const Json trace = server.next("$/logTrace").at("params");
  CHECK(trace.at("message").get<std::string>().find("inlineCompletion " + std::to_string(id)) == 0);
  CHECK(trace.contains("verbose"));
  CHECK(server.shut_down() == 0);
}

TEST_CASE("a storm of keystrokes and cancels: each id is answered once, the last one right") {
  ServerUnderTest server({.complete = [](const lsp::Query& query, const lsp::Deps& deps, std::stop_token stop) -> base::Result<lsp::Completion> {
    for (int i = 0; i < 3; ++i) {
      if (stop.stop_requested()) return base::cancelled();
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return tests::writes(std::to_string(query.document.text().size()))(query, deps, stop);
  }});
  server.initialize();
  server.open("");
  constexpr int kKeys = 1000;
  int last = 0;
  for (int key = 0; key < kKeys; ++key) {
    const Json at = {{"line", 0}, {"character", key}};
    server.notify("textDocument/didChange", {{"textDocument", {{"uri", "file:///a"}, {"version", key + 2}}},
                                             {"contentChanges", Json::array({{{"range", {{"start", at}, {"end", at}}}, {"text", "x"}}})}});
    const int before = last;
    last = server.start_inline(0, key + 1);
    if (key % 3 == 1) server.cancel(before);
    if (key % 7 == 1 && key + 1 < kKeys) server.cancel(last);
    if (key % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  CHECK(server.reply(last).at("result").at("items")[0].at("insertText") == std::to_string(kKeys));
  CHECK(server.shut_down() == 0);
  const auto answers = server.answers();
  CHECK(answers.size() == kKeys + 2);
  for (const auto& [id, times] : answers)
    if (times != 1) FAIL_CHECK(id << " was answered " << times << " times");
}

#include <string>

#include "lsp/server_client.h"

using tests::Json;
using tests::ServerUnderTest;

namespace {

int error_code(const Json& reply) { return reply.at("error").at("code"); }

}  // namespace

TEST_CASE("a session from initialize to exit ends with 0") {
  ServerUnderTest server({.name = "x", .version = "9"});
  const Json reply = server.ask("initialize", {{"capabilities", Json::parse(R"({"textDocument":{"inlineCompletion":{}}})")}});
  Json result = reply.at("result");
  CHECK(result.at("capabilities").at("executeCommandProvider").at("commands").at(0) == "rigpilot.didAccept");
  result.at("capabilities").erase("executeCommandProvider");
  CHECK(result == Json::parse(R"({"capabilities":{"positionEncoding":"utf-16",
    "textDocumentSync":{"openClose":true,"change":2,"save":{"includeText":false}},
    "inlineCompletionProvider":{"workDoneProgress":false}},"serverInfo":{"name":"x","version":"9"}})"));
  server.notify("initialized");
  CHECK(server.shut_down() == 0);
}

TEST_CASE("every other way to end ends with 1") {
  SECTION("exit without shutdown") {
    ServerUnderTest server;
    server.initialize();
    server.notify("exit");
    server.wait_end();
    CHECK(server.exit_code() == 1);
  }
  SECTION("exit before initialize") {
    ServerUnderTest server;
    server.notify("exit");
    server.wait_end();
    CHECK(server.exit_code() == 1);
  }
  SECTION("the end of input") {
    ServerUnderTest server;
    server.initialize();
    CHECK(server.exit_code() == 1);
  }
  SECTION("the end of input in the middle of a message") {
    ServerUnderTest server;
    server.send_bytes("Content-Length: 100\r\n\r\n{\"jso");
    CHECK(server.exit_code() == 1);
  }
  SECTION("nothing but nonsense") {
    ServerUnderTest server;
    for (int i = 0; i < 32; ++i) server.send_bytes("Content-Length: 1\r\n\r\n{");
    server.wait_end();
    CHECK(server.exit_code() == 1);
  }
}

TEST_CASE("the end of input after shutdown is an end as well") {
  ServerUnderTest server;
  server.initialize();
  CHECK(server.ask("shutdown").at("result").is_null());
  CHECK(server.exit_code() == 0);
}

TEST_CASE("what comes at the wrong time is refused by its code") {
  ServerUnderTest server;
  CHECK(error_code(server.ask("textDocument/inlineCompletion")) == -32002);
  CHECK(error_code(server.ask("shutdown")) == -32002);
  server.open("dropped");
  server.initialize();
  CHECK(error_code(server.ask_inline(0, 0)) == -32602);  // it was not opened: that came before initialize
  CHECK(error_code(server.ask("initialize", {{"capabilities", Json::object()}})) == -32600);
  CHECK(server.ask("shutdown").at("result").is_null());
  CHECK(error_code(server.ask_inline(0, 0)) == -32600);
  CHECK(error_code(server.ask("shutdown")) == -32600);
  server.notify("exit");
  server.wait_end();
  CHECK(server.exit_code() == 0);
}

TEST_CASE("unknown methods and unreadable messages do not end the session") {
  ServerUnderTest server;
  server.initialize();
  CHECK(error_code(server.ask("$/unknown")) == -32601);
  CHECK(error_code(server.ask("textDocument/hover")) == -32601);
  server.notify("$/unknown");
  server.notify("textDocument/unknown", Json::array({1}));
  server.notify("textDocument/didChange", {{"textDocument", 7}});
  server.notify("$/cancelRequest", {{"id", 4711}});
  server.notify("$/cancelRequest", {{"id", nullptr}});
  server.notify("$/setTrace", {{"value", "verbose"}});
  for (const char* bytes : {"Content-Length: 1\r\n\r\n{", "Content-Length: x\r\n\r\n", "Content-Length: 3\r\n\r\n\"\xff\"", "junk\r\n\r\n"}) {
    server.send_bytes(bytes);
    CHECK(error_code(server.reply_with_null_id()) == -32700);
  }
  server.send_bytes(lsp::frame("[]"));
  CHECK(error_code(server.reply_with_null_id()) == -32600);
  server.send({{"jsonrpc", "2.0"}, {"id", "a string"}, {"method", 7}});
  server.open("int");
  CHECK(server.ask_inline(0, 3).at("result").at("items").size() == 1);
  CHECK(server.answers().at("\"a string\"") == 1);
  CHECK(server.shut_down() == 0);
}

TEST_CASE("initialize with parameters that are no object can be tried again") {
  ServerUnderTest server;
  CHECK(error_code(server.ask("initialize", Json::array())) == -32602);
  server.initialize();
  CHECK(server.shut_down() == 0);
}

TEST_CASE("a script that sends everything at once gets its suggestion before the end") {
  ServerUnderTest server({}, [](const auto& progress, std::stop_token stop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));  // longer than shutdown waits for those who wait for it
    return tests::loads_at_once()(progress, stop);
  });
  const int first = server.start("initialize", {{"capabilities", Json::object()}});
  server.notify("initialized");
  server.open("int");
  const int asked = server.start_inline(0, 3);
  const int last = server.start("shutdown");
  server.notify("exit");
  server.hang_up();
  server.wait_end();
  CHECK(server.exit_code() == 0);
  CHECK(server.reply(first).contains("result"));
  CHECK(server.reply(asked).at("result").at("items").size() == 1);
  CHECK(server.reply(last).at("result").is_null());
}

TEST_CASE("an editor that waits for shutdown's answer does not wait for a suggestion") {
  ServerUnderTest server({.complete = [](const auto&, const auto&, std::stop_token stop) -> base::Result<lsp::Completion> {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return base::cancelled();
  }});
  server.initialize();
  server.open("int");
  const int asked = server.start_inline(0, 3);
  CHECK(server.shut_down() == 0);
  CHECK(server.reply(asked).at("result") == Json::parse(R"({"items":[]})"));
}

TEST_CASE("progress, registration and configuration are for clients that can") {
  SECTION("one that can") {
    ServerUnderTest server;
    const Json can = Json::parse(R"({"window":{"workDoneProgress":true},"workspace":{"configuration":true,
      "didChangeConfiguration":{"dynamicRegistration":true}},"textDocument":{"inlineCompletion":{"dynamicRegistration":true}}})");
    const Json capabilities = server.ask("initialize", {{"capabilities", can}}).at("result").at("capabilities");
    CHECK_FALSE(capabilities.contains("inlineCompletionProvider"));
    server.notify("initialized");
    const Json registered = server.next("client/registerCapability").at("params").at("registrations");
    CHECK(registered.size() == 2);
    CHECK(registered[0].at("method") == "textDocument/inlineCompletion");
    CHECK(server.next("workspace/configuration").at("params") == Json::parse(R"({"items":[{"section":"rigpilot"}]})"));
    CHECK(server.shut_down() == 0);
  }
  SECTION("one that cannot") {
    ServerUnderTest server;
    server.initialize();
    server.open("int");
    CHECK(server.ask_inline(0, 3).contains("result"));
    for (const char* method : {"client/registerCapability", "workspace/configuration", "window/workDoneProgress/create", "$/progress"})
      CHECK_FALSE(server.has_come(method));
    CHECK(server.shut_down() == 0);
  }
}

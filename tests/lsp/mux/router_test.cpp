#include "lsp/mux/router.h"

#include "lsp/mux/completions.h"
#include "support/catch.h"

using namespace lsp;

namespace {

// A router with what it sent, by receiver.
struct Desk {
  base::Logger log{base::LogLevel::Error};
  std::vector<std::string> editor, child, own;
  Router router{{.send = [this](Peer to, std::string body) { (to == Peer::Editor ? editor : to == Peer::Child ? child : own).push_back(std::move(body)); },
                 .set_leave_timer = [](auto) {},
                 .log = log,
                 .child_name = "fake"}};

  Json last(const std::vector<std::string>& from) const { return from.empty() ? Json() : base::parse_json(from.back(), "it").value(); }

  void greet(const char* child_capabilities = "{}", const char* own_capabilities = "{}") {
    router.on_message(Peer::Editor, R"({"id":1,"method":"initialize","params":{}})");
    router.on_message(Peer::Child, std::string(R"({"id":1,"result":{"capabilities":)") + child_capabilities + "}}");
    router.on_message(Peer::Own, std::string(R"({"id":1,"result":{"capabilities":)") + own_capabilities + "}}");
  }
};

Json json(const char* text) { return base::parse_json(text, "the test").value(); }

void check_capabilities(const char* child, const char* own, const char* expected) {
  CAPTURE(child, own);
  Json merged = merged_capabilities(json(child), json(own));
  merged.erase("textDocumentSync");
  CHECK(merged == json(expected));
}

}  // namespace

TEST_CASE("capabilities of two servers are those of one") {
  check_capabilities(R"({"hoverProvider":true})", R"({"inlineCompletionProvider":{}})", R"({"hoverProvider":true,"inlineCompletionProvider":{}})");
  check_capabilities(R"({"inlineCompletionProvider":{"theirs":1}})", "{}", "{}");
  check_capabilities(R"({"completionProvider":{"triggerCharacters":["."],"resolveProvider":true}})", R"({"completionProvider":{"triggerCharacters":["(","."]}})",
                     R"({"completionProvider":{"triggerCharacters":[".","("],"resolveProvider":true}})");
  check_capabilities("{}", R"({"completionProvider":{"triggerCharacters":["("]}})", R"({"completionProvider":{"triggerCharacters":["("]}})");
  check_capabilities(R"({"executeCommandProvider":{"commands":["a"],"workDoneProgress":true}})", R"({"executeCommandProvider":{"commands":["b"]}})",
                     R"({"executeCommandProvider":{"commands":["a","b"],"workDoneProgress":true}})");
  check_capabilities(R"({"executeCommandProvider":7})", R"({"executeCommandProvider":{"commands":["b"]}})", R"({"executeCommandProvider":{"commands":["b"]}})");
  check_capabilities(R"({"positionEncoding":"utf-8"})", R"({"positionEncoding":"utf-16"})", R"({"positionEncoding":"utf-8"})");
}

TEST_CASE("our entries stand in one list with the language server's") {
  const Json own = json(R"({"items":[{"label":"ours"}],"isIncomplete":true})");
  CHECK(merged_completions(json("null"), own)["items"].size() == 1);
  CHECK(merged_completions(json(R"([{"label":"theirs"}])"), own)["items"][1] == json(R"({"label":"theirs"})"));
  const Json both = merged_completions(json(R"({"itemDefaults":{"data":1},"items":[{"label":"theirs"}],"isIncomplete":false})"), own);
  CHECK(both["isIncomplete"] == true);
  CHECK(both["itemDefaults"] == json(R"({"data":1})"));
  CHECK(is_own_entry(both["items"][0]));
  CHECK_FALSE(is_own_entry(both["items"][1]));
  CHECK(merged_completions(json("7"), json("\"x\""))["items"].empty());
}

TEST_CASE("what needs no change is passed on byte for byte") {
  Desk desk;
  desk.greet();
  const std::string hover = R"({ "params":{"z":1.50,"a":[ ]} , "id":7,"method":"textDocument/hover","extra":null})";
  desk.router.on_message(Peer::Editor, hover);
  CHECK(desk.child.back() == hover);
  const std::string answer = R"({"id":7, "result":{"b":12345678901234567890123, "a":"\u00e9"}})";
  desk.router.on_message(Peer::Child, answer);
  CHECK(desk.editor.back() == answer);
  const std::string told = R"({"method":"x/told",  "params":[1.0]})";
  desk.router.on_message(Peer::Child, told);
  CHECK(desk.editor.back() == told);
}

TEST_CASE("an answer is passed on once, and only where it was asked for") {
  Desk desk;
  desk.greet();
  desk.router.on_message(Peer::Editor, R"({"id":7,"method":"textDocument/hover"})");
  const auto sent = desk.editor.size();
  desk.router.on_message(Peer::Child, R"({"id":"7","result":1})");  // another id
  desk.router.on_message(Peer::Own, R"({"id":7,"result":1})");      // not its affair
  CHECK(desk.editor.size() == sent);
  desk.router.on_message(Peer::Child, R"({"id":7,"result":1})");
  desk.router.on_message(Peer::Child, R"({"id":7,"result":2})");
  CHECK(desk.editor.size() == sent + 1);
}

TEST_CASE("the servers' requests come back to whoever asked, whatever ids they chose") {
  Desk desk;
  desk.greet();
  desk.router.on_message(Peer::Child, R"({"id":"a","method":"x/ask"})");
  const Json childs = desk.last(desk.editor)["id"];
  desk.router.on_message(Peer::Own, R"({"id":1,"method":"x/ask"})");
  const Json owns = desk.last(desk.editor)["id"];
  CHECK(childs != owns);
  desk.router.on_message(Peer::Editor, base::dump_json({{"id", owns}, {"error", {{"code", -1}, {"message", "no"}, {"data", 3}}}}));
  CHECK(desk.last(desk.own) == json(R"({"id":1,"error":{"code":-1,"message":"no","data":3}})"));
  desk.router.on_message(Peer::Editor, base::dump_json({{"id", childs}, {"result", 5}}));
  CHECK(desk.last(desk.child) == json(R"({"id":"a","result":5})"));
  const auto sent = desk.child.size();
  desk.router.on_message(Peer::Editor, base::dump_json({{"id", childs}, {"result", 5}}));
  CHECK(desk.child.size() == sent);
}

TEST_CASE("our registrations cannot be taken for the language server's") {
  Desk desk;
  desk.greet();
  const char* request = R"({"id":1,"method":"client/registerCapability","params":{"registrations":[{"id":"popup","method":"m"}]}})";
  desk.router.on_message(Peer::Child, request);
  const Json theirs = desk.last(desk.editor)["params"]["registrations"][0]["id"];
  desk.router.on_message(Peer::Own, request);
  CHECK(desk.last(desk.editor)["params"]["registrations"][0]["id"] != theirs);
}

TEST_CASE("what comes at the wrong time is refused") {
  Desk desk;
  desk.router.on_message(Peer::Editor, R"({"id":1,"method":"textDocument/hover"})");
  CHECK(desk.last(desk.editor)["error"]["code"] == -32002);
  desk.greet();
  desk.router.on_message(Peer::Editor, R"({"id":2,"method":"initialize"})");
  CHECK(desk.last(desk.editor)["error"]["code"] == -32600);
  desk.router.on_message(Peer::Editor, R"({"id":3,"method":"shutdown"})");
  desk.router.on_message(Peer::Editor, R"({"id":4,"method":"textDocument/hover"})");
  CHECK(desk.last(desk.editor)["error"]["code"] == -32600);
  desk.router.on_message(Peer::Own, R"({"id":3,"result":null})");
  CHECK(desk.last(desk.editor)["id"] == 4);  // the language server has not said that it is done
  desk.router.on_leave_timer();
  CHECK(desk.last(desk.editor) == json(R"({"jsonrpc":"2.0","id":3,"result":null})"));
}

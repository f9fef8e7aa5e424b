#include "lsp/protocol/message.h"

#include <string>
#include <vector>

#include "support/catch.h"

using lsp::parse_message;

namespace {

// "request 7 m {..}", "notification m", "reply 7 ..", "error CODE id: text"
std::string describe(std::string_view body) {
  const auto message = parse_message(body);
  if (!message) {
    const auto& bad = message.error();
    return fmt::format("error {} {}: {}", static_cast<int>(bad.error.code), bad.id ? id_text(*bad.id) : "null", bad.error.message);
  }
  if (const auto* request = std::get_if<lsp::Request>(&*message))
    return fmt::format("request {} {} {}", id_text(request->id), request->method, base::dump_json(request->params));
  if (const auto* notification = std::get_if<lsp::Notification>(&*message))
    return fmt::format("notification {} {}", notification->method, base::dump_json(notification->params));
  const auto& reply = std::get<lsp::Reply>(*message);
  return fmt::format("reply {} {}", reply.id ? id_text(*reply.id) : "null",
                     reply.outcome ? base::dump_json(*reply.outcome) : reply.outcome.error().message);
}

}  // namespace

TEST_CASE("messages and what is wrong with them") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"jsonrpc":"2.0","id":7,"method":"m","params":{"a":1}})", R"(request 7 m {"a":1})"},
      {R"({"jsonrpc":"2.0","id":"seven","method":"m"})", R"(request "seven" m null)"},
      {R"({"jsonrpc":"2.0","id":-9007199254740993,"method":"m","params":[]})", "request -9007199254740993 m []"},
      {R"({"jsonrpc":"2.0","method":"m","params":null})", "notification m null"},
      {R"({"method":"m"})", "notification m null"},
      {R"({"jsonrpc":"2.0","id":1,"result":null})", "reply 1 null"},
      {R"({"jsonrpc":"2.0","id":1,"result":[1]})", "reply 1 [1]"},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}})", "reply 1 no"},
      {R"({"jsonrpc":"2.0","id":1,"error":"odd"})", "reply 1 no message"},
      {R"({"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}})", "reply null x"},
      {"", "error -32700 null: the message: not valid JSON at line 1, column 1"},
      {"{", "error -32700 null: the message: not valid JSON at line 1, column 2"},
      {"{\"method\":\"\xff\"}", "error -32700 null: the message: not valid JSON at line 1, column 12"},
      {"[]", "error -32600 null: the message is a batch: LSP has no batches"},
      {"7", "error -32600 null: the message is an integer: expected an object"},
      {"{}", "error -32600 null: the message has neither 'method' nor 'result' nor 'error'"},
      {R"({"jsonrpc":"1.0","id":1,"method":"m"})", "error -32600 1: field 'jsonrpc': expected \"2.0\""},
      {R"({"id":1,"method":7})", "error -32600 1: field 'method' is an integer: expected a string"},
      {R"({"id":1.5,"method":"m"})", "error -32600 null: field 'id' of 'm': expected an integer or a string"},
      {R"({"id":null,"method":"m"})", "error -32600 null: field 'id' of 'm': expected an integer or a string"},
      {R"({"id":{},"method":"m"})", "error -32600 null: field 'id' of 'm': expected an integer or a string"},
      {R"({"id":1,"method":"m","params":7})", "error -32600 1: field 'params' of 'm' is an integer: expected an object or an array"},
  };
  for (const auto& [body, expected] : cases) {
    INFO(body);
    CHECK(describe(body) == expected);
  }
}

TEST_CASE("half a surrogate pair becomes one unit of another character, whole pairs and backslashes stay") {
  const auto text_of = [](const std::string& escaped) {
    return std::get<lsp::Notification>(*parse_message(R"({"method":"m","params":{"t":")" + escaped + R"("}})")).params.at("t").get<std::string>();
  };
  CHECK(text_of(R"(a\ud83d)") == "a\uFFFD");
  CHECK(text_of(R"(\ude00b)") == "\uFFFDb");
  CHECK(text_of(R"(\ud83d\ud83d\ude00)") == "\uFFFD😀");
  CHECK(text_of(R"(\\ud83d \ud83d!)") == "\\ud83d \uFFFD!");
  CHECK(text_of(R"(\uD83D\uDE00)") == "😀");
}

TEST_CASE("what is written is read again") {
  const lsp::Id seven{std::int64_t{7}}, name{std::string("a\"b")};
  CHECK(describe(lsp::request_text(seven, "m", {{"a", 1}})) == R"(request 7 m {"a":1})");
  CHECK(describe(lsp::request_text(name, "m", {})) == R"(request "a\"b" m null)");
  CHECK(describe(lsp::notification_text("m", {{"a", 1}})) == R"(notification m {"a":1})");
  CHECK(describe(lsp::result_text(seven, nullptr)) == "reply 7 null");
  CHECK(describe(lsp::error_text(seven, {lsp::RpcError::InternalError, "x"})) == "reply 7 x");
  CHECK(base::Json::parse(lsp::error_text(std::nullopt, {lsp::RpcError::ParseError, "x"})) ==
        base::Json::parse(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}})"));
}

TEST_CASE("text that is not UTF-8 leaves as UTF-8") {
  const std::string body = lsp::notification_text("m", {{"t", "a\xff"}});
  CHECK(describe(body) == "notification m {\"t\":\"a\uFFFD\"}");
}

#include "lsp/protocol/json.h"

#include <string>

#include "lsp/protocol/capabilities.h"
#include "support/catch.h"

using base::Json;

namespace {

std::string complaint(const auto& result) { return result ? "fine" : result.error().message; }

Json inline_params(std::string_view extra = "") {
  return Json::parse(R"({"textDocument":{"uri":"u"},"position":{"line":1,"character":2})" + std::string(extra) + "}");
}

}  // namespace

TEST_CASE("inlineCompletion's parameters") {
  const auto plain = lsp::read_inline_completion(inline_params());
  REQUIRE(plain);
  CHECK(plain->uri == "u");
  CHECK(plain->position == lsp::LineColumn{1, 2});
  CHECK_FALSE(plain->invoked);
  CHECK(lsp::read_inline_completion(inline_params(R"(,"context":{"triggerKind":1})"))->invoked);
  CHECK_FALSE(lsp::read_inline_completion(inline_params(R"(,"context":{"triggerKind":2})"))->invoked);
  CHECK(lsp::read_inline_completion(inline_params(R"(,"context":{"triggerKind":"odd"},"more":1)")));
  const auto popup = lsp::read_inline_completion(inline_params(
      R"(,"context":{"triggerKind":2,"selectedCompletionInfo":{"range":{"start":{"line":1,"character":7},"end":{"line":1,"character":8}},"text":".log"}})"));
  REQUIRE(popup);
  REQUIRE(popup->selected);
  CHECK(popup->selected->text == ".log");
  CHECK(popup->selected->span.begin == lsp::LineColumn{1, 7});
}

TEST_CASE("a wrong field is named") {
  const auto why = [](std::string_view text) { return complaint(lsp::read_inline_completion(Json::parse(text))); };
  CHECK(why("{}") == "field 'textDocument' is missing: expected an object");
  CHECK(why("[]") == "field 'textDocument' is missing: expected an object");
  CHECK(why(R"({"textDocument":"u"})") == "field 'textDocument' is a string: expected an object");
  CHECK(why(R"({"textDocument":{"uri":7}})") == "field 'uri' is an integer: expected a string");
  CHECK(why(R"({"textDocument":{"uri":"u"}})") == "field 'position' is missing: expected an object");
  CHECK(why(R"({"textDocument":{"uri":"u"},"position":{"line":"1"}})") == "position: field 'line' is a string: expected an integer");
  CHECK(why(R"({"textDocument":{"uri":"u"},"position":{"line":1,"character":-1}})") ==
        "position: field 'character' is -1: expected 0 or more");
  CHECK(why(R"({"textDocument":{"uri":"u"},"position":{"line":1,"character":1.5}})") ==
        "position: field 'character' is a number: expected an integer");
  const auto change = [](std::string_view text) { return complaint(lsp::read_change(Json::parse(text))); };
  CHECK(change(R"({"textDocument":{"uri":"u"}})") == "field 'contentChanges' is missing: expected an array");
  CHECK(change(R"({"textDocument":{"uri":"u"},"contentChanges":[{"text":"a"},{"text":1}]})") ==
        "change 2 of field 'contentChanges': field 'text' is an integer: expected a string");
  CHECK(change(R"({"textDocument":{"uri":"u"},"contentChanges":[7]})") ==
        "change 1 of field 'contentChanges': it is an integer: expected an object");
  CHECK(complaint(lsp::read_open(Json::parse(R"({"textDocument":{"uri":"u"}})"))) == "field 'text' is missing: expected a string");
}

TEST_CASE("positions: utf-8 where offered, utf-16 where not asked") {
  const auto chosen = [](std::string_view offered) {
    return lsp::encoding_name(lsp::read_features(Json::parse(R"({"capabilities":{"general":{"positionEncodings":)" + std::string(offered) + "}}}")).encoding);
  };
  CHECK(chosen(R"(["utf-32","utf-8","utf-16"])") == std::string("utf-8"));
  CHECK(chosen(R"(["utf-16"])") == std::string("utf-16"));
  CHECK(chosen(R"(["utf-32"])") == std::string("utf-32"));
  CHECK(chosen(R"(["utf-32","utf-16"])") == std::string("utf-16"));
  CHECK(chosen("[]") == std::string("utf-16"));
  CHECK(chosen("null") == std::string("utf-16"));
  CHECK(chosen("[7,{}]") == std::string("utf-16"));
  CHECK(lsp::encoding_name(lsp::read_features(Json::parse("{}")).encoding) == std::string("utf-16"));
}

TEST_CASE("inlineCompletion is announced statically or registered, never both") {
  for (const bool dynamic : {false, true}) {
    lsp::ClientFeatures client;
    client.registers_inline_completion = dynamic;
    CHECK(lsp::server_capabilities(client, false).contains("inlineCompletionProvider") == !dynamic);
    CHECK(lsp::registrations(client).empty() == !dynamic);
  }
}

TEST_CASE("an item as the protocol has it") {
  const Json items = lsp::write_items({{{{1, 0}, {1, 11}}, "    return 1", "7.0"}}, "x.accept");
  CHECK(items == Json::parse(R"({"items":[{"insertText":"    return 1",
    "range":{"start":{"line":1,"character":0},"end":{"line":1,"character":11}},
    "command":{"title":"Suggestion accepted","command":"x.accept","arguments":["7.0"]}}]})"));
  CHECK(lsp::write_items({}, "x") == Json::parse(R"({"items":[]})"));
}

#include <stdexcept>
#include <string>
#include <vector>

#include "lsp/rpc/client.h"
#include "lsp/rpc/dispatcher.h"
#include "lsp/rpc/pending.h"
#include "support/catch.h"

using lsp::Id;
using lsp::Json;
using lsp::Outcome;
using lsp::Pending;
using lsp::Responder;

namespace {

const Id kSeven{std::int64_t{7}}, kName{std::string("7")};

// Every answer that was sent: "7: result" or "7: ! error".
struct Answers {
  std::vector<std::string> sent;
  Responder responder(Id id = kSeven) {
    return Responder(std::move(id), [this](const Id& about, Outcome outcome) {
      sent.push_back(id_text(about) + ": " + (outcome ? base::dump_json(*outcome) : "! " + outcome.error().message));
    });
  }
};
using Sent = std::vector<std::string>;

}  // namespace

TEST_CASE("a responder answers exactly once") {
  Answers answers;
  {
    Responder first = answers.responder();
    first.succeed(1);
    first.succeed(2);
    first.refuse({lsp::RpcError::InternalError, "late"});
  }
  CHECK(answers.sent == Sent{"7: 1"});
}

TEST_CASE("a responder that is dropped answers with an error, one that moved does not") {
  Answers answers;
  {
    Responder first = answers.responder();
    Responder second = std::move(first);
  }
  CHECK(answers.sent == Sent{"7: ! the request was dropped"});
  {
    Responder a = answers.responder(), b = answers.responder(kName);
    a = std::move(b);  // what a owed is answered before it takes over b's
    CHECK(answers.sent.size() == 2);
    a.succeed(nullptr);
  }
  CHECK(answers.sent.back() == "\"7\": null");
  CHECK(answers.sent.size() == 3);
}

TEST_CASE("pending: whoever comes first takes a request, by key, id or document") {
  Answers answers;
  Pending pending;
  const auto a = pending.add(answers.responder(), {}, "doc a");
  pending.add(answers.responder(kName), {}, "doc b");
  CHECK_FALSE(pending.take(Id{std::int64_t{8}}));
  CHECK(pending.take_document("doc c").empty());
  CHECK(pending.take(kSeven));
  CHECK_FALSE(pending.take(a));
  CHECK(pending.take_document("doc b").size() == 1);
  CHECK(pending.empty());
  pending.add(answers.responder(), {}, "doc a");
  CHECK(pending.take_all().size() == 1);
  CHECK(pending.empty());
}

TEST_CASE("the dispatcher guards every call") {
  Answers answers;
  lsp::Dispatcher methods;
  methods.on_request("fine", [](const Json& params, Responder respond) { respond.succeed(params); });
  methods.on_request("forgets", [](const Json&, Responder) {});
  methods.on_request("throws", [](const Json&, Responder) { throw std::runtime_error("oh"); });
  methods.on_request("json", [](const Json& params, Responder) { (void)params.at("none"); });
  methods.on_notification("bad", [](const Json&) -> base::Result<void> { return base::fail(base::ErrorCode::Failed, "no"); });
  methods.on_notification("throws", [](const Json&) -> base::Result<void> { throw std::bad_alloc(); });
  const auto ask = [&](const char* method) { methods.call(lsp::Request{kSeven, method, {{"a", 1}}}, answers.responder()); };
  for (const char* method : {"fine", "forgets", "throws", "json", "unknown"}) ask(method);
  CHECK(answers.sent == Sent{R"(7: {"a":1})", "7: ! the request was dropped", "7: ! the request was dropped",
                             "7: ! the request was dropped", "7: ! method 'unknown' is not known"});
  CHECK(methods.call(lsp::Notification{"bad", {}}).error().message == "bad: no");
  CHECK(methods.call(lsp::Notification{"throws", {}}).error().message == "throws: out of memory");
  CHECK(methods.call(lsp::Notification{"unknown", {}}));
}

TEST_CASE("the client's replies find who asked") {
  std::vector<std::string> sent, heard;
  lsp::Client client([&](std::string body) { sent.push_back(std::move(body)); });
  client.request("m", Json::object(), [&](Outcome outcome) { heard.push_back(outcome ? base::dump_json(*outcome) : outcome.error().message); });
  REQUIRE(sent.size() == 1);
  client.on_reply({Id{std::int64_t{99}}, Json(1)});
  client.on_reply({std::nullopt, Json(1)});
  client.on_reply({Id{std::string("1")}, Json(1)});
  CHECK(heard.empty());
  const Id asked = *lsp::read_id(Json::parse(sent[0]).at("id"));
  client.on_reply({asked, Json("yes")});
  client.on_reply({asked, Json("again")});
  CHECK(heard == std::vector<std::string>{"\"yes\""});
}

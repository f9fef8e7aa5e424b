// Exported messages as conversations, in the forms that programs write.
#include "app/finetune/messages.h"

#include "support/catch.h"

using namespace app;

namespace {

void check(std::string_view text, const std::vector<std::string>& expected) {
  const auto messages = parse_messages(text, "file");
  CAPTURE(text);
  REQUIRE(messages);
  CHECK(conversations(*messages) == expected);
}

void refused(std::string_view text, std::string_view words) {
  const auto messages = parse_messages(text, "file");
  CAPTURE(text);
  REQUIRE_FALSE(messages);
  CHECK(messages.error().message.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("a list of objects, in order; a pause of six hours begins a new conversation") {
  check(R"([{"from": "Ann", "text": "hi"}, {"from": "Bo", "text": "hello"}, {"from": "Bo"}, "alone"])", {"Ann: hi\nBo: hello\nalone\n"});
  check(R"([{"author": "A", "body": "late", "date": "2021-03-05 09:00:00"}, {"author": "B", "body": "early", "date": "2021-03-04T21:00:00"},
            {"author": "A", "body": "reply", "date": "2021-03-04T21:05:00"}])", {"B: early\nA: reply\n", "A: late\n"});
}

TEST_CASE("what Facebook and Telegram export") {
  check(R"({"title": "Us", "messages": [{"sender_name": "Bo", "timestamp_ms": 1600000060000, "content": "second"}, {"sender_name": "Ann", "timestamp_ms": 1600000000000, "content": "first"},
            {"sender_name": "Ann", "timestamp_ms": 1600000000000, "photos": []}]})", {"Ann: first\nBo: second\n"});
  check(R"({"chats": {"list": [{"name": "x", "messages": [{"from": "A", "date_unixtime": "5", "text": ["see ", {"type": "link", "text": "this"}]}]},
            {"name": "x", "messages": [{"from": "C", "date_unixtime": "5", "text": "other"}]}]}})", {"A: see this\n", "C: other\n"});
}

TEST_CASE("CSV, quoted as RFC 4180 says, whatever stands between fields") {
  check("Sender,Text\nAnn,\"one, \"\"two\"\"\nthree\"\r\nBo,\n,last", {"Ann: one, \"two\"\nthree\nlast\n"});
  check("thread;from;message\n2;B;b\n1;A;a\n2;B;c\n", {"A: a\n", "B: b\nB: c\n"});
  check("\xEF\xBB\xBF" "text\tuser\nhi\tme\n", {"me: hi\n"});
}

TEST_CASE("what holds no messages is said") {
  refused("", "expected JSON, or CSV with a column text");
  refused("a,b\n1,2\n", "column text, content, body or message");
  refused("[]", "holds no message");
  refused(R"({"messages": {}})", "holds no message");
  refused("[{", "file");
}

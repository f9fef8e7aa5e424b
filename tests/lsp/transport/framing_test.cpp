#include "lsp/transport/framing.h"

#include <string>
#include <vector>

#include "lsp/transport/memory.h"
#include "support/catch.h"

using lsp::frame;
using lsp::FrameLimits;
using lsp::FrameReader;

namespace {

// Bodies as they are, errors as "! sentence".
std::vector<std::string> drain(FrameReader& reader) {
  std::vector<std::string> out;
  while (auto next = reader.next()) out.push_back(*next ? **next : "! " + next->error().message);
  return out;
}

std::vector<std::string> read_at_once(std::string_view bytes, FrameLimits limits = {}) {
  FrameReader reader(limits);
  reader.feed(bytes);
  return drain(reader);
}

std::vector<std::string> read_byte_by_byte(std::string_view bytes, FrameLimits limits = {}) {
  FrameReader reader(limits);
  std::vector<std::string> out;
  for (const char c : bytes) {
    reader.feed({&c, 1});
    for (auto& one : drain(reader)) out.push_back(std::move(one));
  }
  return out;
}

struct Case {
  const char* name;
  std::string bytes;
  std::vector<std::string> expected;
};

}  // namespace

TEST_CASE("frames: what clients send, whole and byte by byte") {
  const std::string good = frame("{\"a\":1}");
  const std::vector<Case> cases = {
      {"one", good, {"{\"a\":1}"}},
      {"two", good + frame("[]"), {"{\"a\":1}", "[]"}},
      {"bytes are counted, not characters", "Content-Length: 4\r\n\r\né\xc3\xb6", {"éö"}},
      {"an empty body", "Content-Length: 0\r\n\r\n" + good, {"", "{\"a\":1}"}},
      {"names in any case, blanks", "content-LENGTH:  2  \r\n\r\n{}", {"{}"}},
      {"lines ended by hand", "Content-Length: 2\n\n{}" + good, {"{}", "{\"a\":1}"}},
      {"a type", "Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}", {"{}"}},
      {"the type's old spelling", "Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: 2\r\n\r\n{}", {"{}"}},
      {"a quoted charset", "Content-Length: 2\r\nContent-Type: x; charset=\"UTF-8\"; y=z\r\n\r\n{}", {"{}"}},
      {"unknown fields", "X-Y: z\r\nContent-Length: 2\r\n\r\n{}", {"{}"}},
      {"the same length twice", "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", {"{}"}},
      {"another charset", "Content-Length: 2\r\nContent-Type: x; charset=latin-1\r\n\r\n{}" + good,
       {"! Content-Type has charset 'latin-1': expected utf-8", "{\"a\":1}"}},
      {"no length", "X-Y: z\r\n\r\n" + good, {"! the message's header has no Content-Length", "{\"a\":1}"}},
      {"a word for a length", "Content-Length: two\r\n\r\n{}" + good,
       {"! Content-Length is 'two': expected a number of bytes", "{\"a\":1}"}},
      {"a negative length", "Content-Length: -2\r\n\r\n{}" + good,
       {"! Content-Length is '-2': expected a number of bytes", "{\"a\":1}"}},
      {"a length with a tail", "Content-Length: 2x\r\n\r\n{}" + good,
       {"! Content-Length is '2x': expected a number of bytes", "{\"a\":1}"}},
      {"no number", "Content-Length:\r\n\r\n" + good, {"! Content-Length is '': expected a number of bytes", "{\"a\":1}"}},
      {"a huge length", "Content-Length: 99999999999999999999999\r\n\r\n{}" + good,
       {"! Content-Length is 99999999999999999999999: a message may have at most 268435456 bytes", "{\"a\":1}"}},
      {"two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + good,
       {"! Content-Length is given twice, as 2 and as 3", "{\"a\":1}"}},
      {"a length one too small", "Content-Length: 6\r\n\r\n{\"a\":1}" + good,
       {"{\"a\":1", "! the message's header has no Content-Length", "{\"a\":1}"}},
      {"not a header", "hello\r\n\r\n" + good,
       {"! 'hello' is not a header line: expected 'Content-Length: <bytes>'", "{\"a\":1}"}},
      {"not ASCII", "Cont\xc3\xa9nt: 2\r\n\r\n" + good,
       {"! 'Cont??nt: 2' is not a header line: expected 'Content-Length: <bytes>'", "{\"a\":1}"}},
      {"half a message", "Content-Length: 10\r\n\r\n{", {}},
      {"half a header", "Content-Le", {}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(read_at_once(c.bytes) == c.expected);
    CHECK(read_byte_by_byte(c.bytes) == c.expected);
  }
}

TEST_CASE("frames: limits hold, and the next message is found behind what was refused") {
  const FrameLimits small{.header_bytes = 64, .body_bytes = 16};
  const std::string big(100, 'x');
  CHECK(read_at_once(frame(big) + frame("{}"), small) ==
        std::vector<std::string>{"! Content-Length is 100: a message may have at most 16 bytes", "{}"});
  CHECK(read_at_once("X: " + big + "\r\nContent-Length: 2\r\n\r\n{}", small) ==
        std::vector<std::string>{"! a message's header has more than 64 bytes", "{}"});
}

TEST_CASE("frames: a stream may end between messages only") {
  FrameReader reader;
  CHECK(reader.at_boundary());
  for (const char c : frame("{}").substr(0, 20)) {
    reader.feed({&c, 1});
    CHECK_FALSE(reader.next().has_value());
    CHECK_FALSE(reader.at_boundary());
  }
  reader.feed(frame("{}").substr(20));
  CHECK(reader.next().has_value());
  CHECK(reader.at_boundary());
}

TEST_CASE("frame() is what FrameReader reads") {
  CHECK(frame("{}") == "Content-Length: 2\r\n\r\n{}");
  CHECK(frame("é") == "Content-Length: 2\r\n\r\né");
}

TEST_CASE("a memory pair carries bytes both ways and ends on both sides") {
  auto [ours, theirs] = lsp::memory_pair();
  REQUIRE(ours->write("hello"));
  char some[3];
  CHECK(theirs->read(some) == 3);
  CHECK(std::string(some, 3) == "hel");
  CHECK(theirs->read(some) == 2);
  REQUIRE(theirs->write("back"));
  CHECK(ours->take_arrived() == "back");
  theirs->close();
  CHECK_FALSE(ours->write("more"));
  CHECK(ours->read(some) == 0);
}

#include "lsp/transport/stdio.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "support/catch.h"

namespace {

struct Pipe {
  std::array<int, 2> ends{};
  Pipe() { REQUIRE(::pipe(ends.data()) == 0); }
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  int out() const { return ends[0]; }
  int in() const { return ends[1]; }
};

}  // namespace

TEST_CASE("stdio reads what comes and sees the end") {
  Pipe to, from;
  lsp::StdioTransport transport(to.out(), from.in());
  REQUIRE(::write(to.in(), "hello", 5) == 5);
  std::array<char, 16> got{};
  CHECK(transport.read(got) == 5);
  CHECK(std::string(got.data(), 5) == "hello");
  ::close(to.ends[1]);
  CHECK(transport.read(got) == 0);
  to.ends[1] = ::dup(0);
}

TEST_CASE("stdio writes more than a pipe holds") {
  Pipe to, from;
  lsp::StdioTransport transport(to.out(), from.in());
  const std::string much(1 << 20, 'x');
  std::size_t got = 0;
  std::thread reader([&] {
    std::array<char, 65536> some{};
    while (got < much.size()) got += static_cast<std::size_t>(::read(from.out(), some.data(), some.size()));
  });
  CHECK(transport.write(much));
  reader.join();
  CHECK(got == much.size());
}

TEST_CASE("closing stdio ends a read and a write that wait") {
  Pipe to, from;
  lsp::StdioTransport transport(to.out(), from.in());
  std::size_t got = 99;
  bool put = true;
  std::thread reader([&] {
    std::array<char, 16> some{};
    got = transport.read(some);
  });
  std::thread writer([&] { put = transport.write(std::string(1 << 20, 'x')); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  transport.close();
  reader.join();
  writer.join();
  CHECK(got == 0);
  CHECK_FALSE(put);
}

TEST_CASE("a reader that left is a failed write, not the end of the process") {
  Pipe to, from;
  lsp::StdioTransport transport(to.out(), from.in());
  ::close(from.ends[0]);
  CHECK_FALSE(transport.write("anyone?"));
  from.ends[0] = ::dup(0);
}

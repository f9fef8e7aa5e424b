// transport.h: the bytes between a client and the server: stdio, a pair in memory, later a socket.
// One thread reads, one thread writes, any thread may close(); framing.h turns the bytes into messages.
// Fails by ending: read() says 0 and write() says false once the other side is gone or close() was called.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace lsp {

class Transport {
 public:
  virtual ~Transport() = default;

  // Waits for bytes and puts some into `into`; how many. 0: nothing will ever come again.
  virtual std::size_t read(std::span<char> into) = 0;

  // Waits until all of it is on its way; false: the other side does not take any more.
  virtual bool write(std::string_view bytes) = 0;

  // Ends a read() and a write() that wait, and all later ones. Safe from any thread, any number of times.
  virtual void close() = 0;
};

}  // namespace lsp

// stdio.h: the transport over two file descriptors, standard input and output for an editor's child process.
// Construct one in the command that serves; nothing else may write to the output descriptor while it lives.
// Never changes the descriptors' flags (a terminal shares them with other programs). Ignores SIGPIPE for the whole process.
#pragma once

#include <atomic>

#include "lsp/transport/transport.h"

namespace lsp {

class StdioTransport final : public Transport {
 public:
  explicit StdioTransport(int in = 0, int out = 1);  // the descriptors stay the caller's
  ~StdioTransport() override;
  StdioTransport(const StdioTransport&) = delete;
  StdioTransport& operator=(const StdioTransport&) = delete;

  std::size_t read(std::span<char> into) override;
  bool write(std::string_view bytes) override;
  void close() override;

 private:
  bool wait_for(int descriptor, short events) const;  // false: closed, or no longer worth waiting for

  int in_, out_;
  int wake_[2] = {-1, -1};  // a pipe: close() writes into it, so that a poll() returns
  std::atomic<bool> closed_{false};
};

}  // namespace lsp

#include "lsp/transport/stdio.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace lsp {
namespace {

// A pipe that polls writable takes this much without blocking (POSIX), so close() can always end a write().
constexpr std::size_t kWriteChunk = PIPE_BUF;

}  // namespace

StdioTransport::StdioTransport(int in, int out) : in_(in), out_(out) {
  std::signal(SIGPIPE, SIG_IGN);  // a client that left is a false from write(), not the end of the process
  if (::pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) wake_[0] = wake_[1] = -1;
}

StdioTransport::~StdioTransport() {
  for (const int descriptor : wake_)
    if (descriptor >= 0) ::close(descriptor);
}

bool StdioTransport::wait_for(int descriptor, short events) const {
  while (!closed_) {
    pollfd watched[] = {{descriptor, events, 0}, {wake_[0], POLLIN, 0}};
    const int ready = ::poll(watched, 2, -1);
    if (ready < 0 && errno != EINTR) return false;
    if (ready > 0 && watched[0].revents != 0) return !closed_;
  }
  return false;
}

std::size_t StdioTransport::read(std::span<char> into) {
  while (wait_for(in_, POLLIN)) {
    const ssize_t got = ::read(in_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return 0;
  }
  return 0;
}

bool StdioTransport::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait_for(out_, POLLOUT)) return false;
    const ssize_t put = ::write(out_, bytes.data(), std::min(bytes.size(), kWriteChunk));
    if (put >= 0) bytes.remove_prefix(static_cast<std::size_t>(put));
    else if (errno != EINTR && errno != EAGAIN) return false;
  }
  return true;
}

void StdioTransport::close() {
  closed_ = true;
  if (wake_[1] < 0) return;
  const char byte = 0;
  // A full pipe already wakes everyone; nothing is left to do about any other failure.
  [[maybe_unused]] const ssize_t ignored = ::write(wake_[1], &byte, 1);
}

}  // namespace lsp

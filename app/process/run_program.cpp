#include "app/process/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;

namespace app {
namespace {

using base::ErrorCode;
using base::fail;

struct Ends {
  int read = -1, write = -1;
  ~Ends() { close_read(), close_write(); }
  void close_read() { if (read >= 0) ::close(std::exchange(read, -1)); }
  void close_write() { if (write >= 0) ::close(std::exchange(write, -1)); }
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = ends[0], write = ends[1];
    return true;
  }
};

// Writes and reads at once, so that neither side waits for ever for the other.
std::string exchanged(Ends& in, Ends& out, std::string_view input) {
  std::string answer;
  std::array<char, 1 << 16> chunk;
  ::fcntl(in.write, F_SETFL, O_NONBLOCK);
  if (input.empty()) in.close_write();
  for (;;) {
    pollfd wanted[2] = {{out.read, POLLIN, 0}, {in.write, POLLOUT, 0}};
    if (::poll(wanted, 2, -1) < 0 && errno != EINTR) return answer;
    if (wanted[1].revents != 0) {
      const ssize_t written = ::write(in.write, input.data(), input.size());
      if (written > 0) input.remove_prefix(std::size_t(written));
      if (input.empty() || (written < 0 && errno != EAGAIN)) in.close_write();
    }
    if (wanted[0].revents == 0) continue;
    const ssize_t got = ::read(out.read, chunk.data(), chunk.size());
    if (got > 0) answer.append(chunk.data(), std::size_t(got));
    else if (got == 0 || errno != EINTR) return answer;
  }
}

}  // namespace

base::Result<std::string> run_program(const std::vector<std::string>& command, std::string_view input) {
  Ends in, out;
  if (!in.open() || !out.open()) return fail(ErrorCode::Failed, "'{}' cannot be started: {}", command.front(), std::strerror(errno));
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, in.read, 0);
  ::posix_spawn_file_actions_adddup2(&files, out.write, 1);
  ::posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  ::posix_spawnattr_init(&attributes);
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  pid_t child = -1;
  const int problem = ::posix_spawnp(&child, arguments.front(), &files, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (problem != 0) return fail(ErrorCode::NotFound, "'{}' cannot be started: {}", command.front(), std::strerror(problem));
  in.close_read(), out.close_write();
  struct sigaction ignore {}, before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  std::string answer = exchanged(in, out, input);
  ::sigaction(SIGPIPE, &before, nullptr);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return fail(ErrorCode::Failed, "'{}' failed", command.front());
  return answer;
}

}  // namespace app

#include "lsp/mux/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>

extern char** environ;

namespace lsp {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLook{10};

// A pipe of which the child gets one end; neither is inherited by accident.
struct Pipe {
  int read_end = -1, write_end = -1;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
};

void close_all(std::initializer_list<int> descriptors) {
  for (const int descriptor : descriptors)
    if (descriptor >= 0) ::close(descriptor);
}

struct Spawning {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  Spawning(int in, int out, int err) {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, in, 0);
    ::posix_spawn_file_actions_adddup2(&files, out, 1);
    ::posix_spawn_file_actions_adddup2(&files, err, 2);
    // We ignore SIGPIPE, and what is ignored would be inherited.
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  }
  ~Spawning() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
};

int spawn(const std::vector<std::string>& command, int in, int out, int err, pid_t& pid) {
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  const Spawning how(in, out, err);
  return ::posix_spawnp(&pid, arguments.front(), &how.files, &how.attributes, arguments.data(), environ);
}

}  // namespace

base::Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const std::vector<std::string>& command, const base::Logger& log) {
  if (command.empty() || command.front().empty()) return base::fail(base::ErrorCode::InvalidInput, "the language server's command is empty");
  Pipe in, out, err;
  const bool opened = in.open() && out.open() && err.open();
  std::unique_ptr<ChildProcess> child(new ChildProcess);
  child->to_ = in.write_end;
  child->from_ = out.read_end;
  child->errors_ = err.read_end;
  const int problem = opened ? spawn(command, in.read_end, out.write_end, err.write_end, child->pid_) : errno;
  close_all({in.read_end, out.write_end, err.write_end});
  if (problem != 0) {
    child->pid_ = -1;
    return base::fail(base::ErrorCode::Failed, "'{}' cannot be started: {}", command.front(), std::strerror(problem));
  }
  child->name_ = std::filesystem::path(command.front()).filename().string();
  child->transport_ = std::make_unique<StdioTransport>(child->from_, child->to_);
  child->error_lines_ = std::make_unique<StdioTransport>(child->errors_, child->errors_);
  child->error_reader_ = std::thread([self = child.get(), &log] { self->read_errors(log); });
  return child;
}

void ChildProcess::read_errors(const base::Logger& log) {
  constexpr std::size_t kMost = 4096;  // of one line
  std::string line;
  std::array<char, 4096> chunk;
  while (const std::size_t count = error_lines_->read(chunk)) {
    for (const char c : std::string_view(chunk.data(), count)) {
      if (c != '\n' && line.size() < kMost) line += c;
      if (c != '\n') continue;
      log.info("{}: {}", name_, line);
      line.clear();
    }
  }
  if (!line.empty()) log.info("{}: {}", name_, line);
}

bool ChildProcess::wait_for_end(milliseconds patience) {
  for (milliseconds waited{0};; waited += kLook) {
    if (ended_) return true;
    const pid_t got = ::waitpid(pid_, &status_, WNOHANG);
    ended_ = got == pid_ || (got < 0 && errno != EINTR);
    if (ended_) return true;
    if (waited >= patience) return false;
    std::this_thread::sleep_for(kLook);
  }
}

std::string ChildProcess::end(milliseconds patience) {
  if (!wait_for_end(patience)) {
    ::kill(pid_, SIGTERM);
    if (!wait_for_end(patience)) {
      ::kill(pid_, SIGKILL);
      wait_for_end(std::chrono::seconds(5));
    }
  }
  if (WIFSIGNALED(status_)) return fmt::format("was ended by signal {} ({})", WTERMSIG(status_), ::strsignal(WTERMSIG(status_)));
  return fmt::format("has ended with exit code {}", WEXITSTATUS(status_));
}

void ChildProcess::close_pipes() {
  if (transport_) transport_->close();
  close_all({std::exchange(to_, -1), std::exchange(from_, -1)});
}

ChildProcess::~ChildProcess() {
  close_pipes();  // whoever reads its input to the end leaves now
  if (pid_ > 0) end(milliseconds(500));
  if (error_lines_) error_lines_->close();
  if (error_reader_.joinable()) error_reader_.join();
  close_all({errors_});
}

}  // namespace lsp

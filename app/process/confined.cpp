#include "app/process/confined.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>

extern char** environ;

namespace app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kLookMs = 5;
constexpr int kProgramNice = 10;  // who watches a hundred programs that do nothing but fork is to get a processor before them
constexpr std::size_t kKeptOutput = 16 << 10, kMostOutput = 16 << 20;
constexpr int kBeganTooMany = 254;  // exit code of the process that watches
constexpr std::chrono::seconds kLastWords{2};

// Tools find their own installation by these; nothing else of the environment is passed on.
constexpr std::string_view kPassedOn[] = {"PATH=", "HOME=", "LANG=", "LC_ALL=", "LD_LIBRARY_PATH=", "RUSTUP_HOME=", "RUSTUP_TOOLCHAIN=", "CARGO_HOME=", "PYENV_ROOT=", "PYENV_VERSION=", "JAVA_HOME="};

std::vector<std::string> environment(const std::string& folder) {
  std::vector<std::string> out = {"TMPDIR=" + folder, "PYTHONDONTWRITEBYTECODE=1", "RUSTUP_AUTO_INSTALL=0"};
  for (char** one = environ; *one; ++one)
    for (const std::string_view name : kPassedOn)
      if (std::string_view(*one).starts_with(name)) out.emplace_back(*one);
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// All that the child needs, made before the fork.
struct Start {
  std::vector<char*> command, environment;
  const char* folder;
  int output;  // the pipe's end
  pid_t parent;
  bool isolated;
  Limits limits;
};

// As a shell tells it.
int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

void end_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it was gone before that
}

[[noreturn]] void be_program(const Start& start) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // of the one that watches
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int one : {SIGINT, SIGPIPE, SIGHUP, SIGTERM}) ::signal(one, SIG_DFL);
  limit(start.limits);
  ::setpriority(PRIO_PROCESS, 0, kProgramNice);
  if (::chdir(start.folder) != 0) ::_exit(126);
  ::execvpe(start.command.front(), start.command.data(), start.environment.data());
  ::_exit(127);
}

// Waits for the program, buries what it leaves behind, and counts what it starts. Where it is isolated, all of that ends with this process.
[[noreturn]] void watch(pid_t program, const Start& start) {
  const int fd = start.isolated ? open_process_count() : -1;
  const int before = process_count(fd);
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended == program) ::_exit(code_of(status));
    if (ended > 0) continue;
    if (process_count(fd) - before > start.limits.processes) ::_exit(kBeganTooMany);
    ::poll(nullptr, 0, kLookMs);
  }
}

// The first process of the namespace, and the program beside it.
[[noreturn]] void be_first(const Start& start) {
  const pid_t program = ::fork();
  if (program == 0) be_program(start);
  if (program < 0) ::_exit(126);
  watch(program, start);
}

[[noreturn]] void be_child(const Start& start) {
  ::setsid();
  end_with(start.parent);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0), ::dup2(start.output, 1), ::dup2(start.output, 2);
  ::close_range(3, ~0U, 0);
  if (!start.isolated) be_first(start);
  isolate(start.folder);
  const pid_t first = ::fork();
  if (first == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // the parent is in another namespace: getppid() is 0 either way
    be_first(start);
  }
  int status = 0;
  while (first > 0 && ::waitpid(first, &status, 0) < 0 && errno == EINTR) continue;
  ::_exit(first > 0 ? code_of(status) : 126);
}

// The parent's side of a child at work.
class Watched {
 public:
  Watched(pid_t pid, int output) : pid_(pid), output_(output) {}
  ~Watched() { ::close(output_); }

  Ended wait(std::chrono::seconds most, std::stop_token stop) {
    const auto until = Clock::now() + most;
    Ended out;
    while (!ended() && out.how == Ended::How::Exited) {
      read(out.output, kLookMs);
      if (stop.stop_requested()) out.how = Ended::How::Cancelled;
      else if (Clock::now() > until) out.how = Ended::How::TimedOut;
      else if (heard_ > kMostOutput) out.how = Ended::How::WroteTooMuch;
    }
    out.code = code_of(end());
    const auto patience = Clock::now() + kLastWords;
    while (heard_ <= kMostOutput && Clock::now() < patience && read(out.output, kLookMs)) continue;
    if (out.how == Ended::How::Exited && out.code == kBeganTooMany) out.how = Ended::How::BeganTooMany;
    return out;
  }

 private:
  // It stays a zombie, so that its number is nobody else's when the group is killed.
  bool ended() const {
    siginfo_t about{};
    return ::waitid(P_PID, id_t(pid_), &about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid == pid_;
  }

  int end() const {
    ::kill(-pid_, SIGKILL);  // the whole group, also where the first of it has ended
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    return status;
  }

  // Waits a moment for something to read; false at the end, which comes when the last process is gone.
  bool read(std::string& kept, int wait_ms) {
    pollfd wanted{output_, POLLIN, 0};
    if (::poll(&wanted, 1, wait_ms) <= 0) return true;
    std::array<char, 1 << 16> chunk;
    const ssize_t got = ::read(output_, chunk.data(), chunk.size());
    if (got <= 0) {
      ::poll(nullptr, 0, wait_ms);  // it may have closed its output and work on
      return false;
    }
    heard_ += std::size_t(got);
    kept.append(chunk.data(), std::min(std::size_t(got), kKeptOutput - kept.size()));
    return true;
  }

  pid_t pid_;
  int output_;
  std::size_t heard_ = 0;
};

}  // namespace

std::string Confinement::warning() const {
  if (!isolation_.network)
    return "this kernel does not let a user make namespaces: the programs run with limits on time, memory and files, but they can reach the network and write to your files";
  if (!isolation_.files) return "this kernel cannot make folders read-only for one program: the programs run without network and with limits, but they can write to your files";
  return {};
}

base::Result<Ended> Confinement::run(const std::vector<std::string>& command, const std::filesystem::path& folder, const Limits& limits, std::stop_token stop) const {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail(base::ErrorCode::Failed, "'{}' cannot be started: {}", command.front(), std::strerror(errno));
  const std::vector<std::string> variables = environment(folder.string());
  const Start start{pointers(command), pointers(variables), folder.c_str(), ends[1], ::getpid(), isolation_.network, limits};
  const pid_t child = ::fork();
  if (child == 0) be_child(start);
  const int problem = errno;
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return base::fail(base::ErrorCode::Failed, "'{}' cannot be started: {}", command.front(), std::strerror(problem));
  }
  return Watched(child, ends[0]).wait(std::chrono::seconds(limits.wall_seconds), stop);
}

}  // namespace app

#include "app/finetune_child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "base/files.h"
#include "base/json.h"

extern char** environ;

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kUsualRank = 16, kHoles = 100, kBelowOthers = 10, kLookMs = 200, kAtTheEndMs = 10;
constexpr std::chrono::seconds kPatience{3};

// A child whose stdout and stderr are read. Where it still runs when this ends, it is asked to tidy up and end, then killed.
class Child {
 public:
  ~Child() {
    if (pid_ > 0) end();
    for (const int end : {out_, errors_})
      if (end >= 0) ::close(end);
  }
  Result<void> start(const std::vector<std::string>& command);
  // Everything new on stdout; waits a moment. False at its end.
  bool read(std::string& out, std::string& errors);
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
    return status;
  }

 private:
  void end();

  pid_t pid_ = -1;
  int out_ = -1, errors_ = -1;
};

Result<void> Child::start(const std::vector<std::string>& command) {
  int out[2] = {-1, -1}, errors[2] = {-1, -1};
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(errors, O_CLOEXEC) != 0) return fail(ErrorCode::Failed, "a process cannot be started: {}", std::strerror(errno));
  out_ = out[0], errors_ = errors[0];
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, out[1], 1);
  ::posix_spawn_file_actions_adddup2(&files, errors[1], 2);
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  const int problem = ::posix_spawn(&pid_, arguments.front(), &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(out[1]), ::close(errors[1]);
  if (problem != 0) {
    pid_ = -1;
    return fail(ErrorCode::Failed, "'{}' cannot be started: {}", command.front(), std::strerror(problem));
  }
  ::setpriority(PRIO_PROCESS, id_t(pid_), kBelowOthers);
  return {};
}

void Child::end() {
  ::kill(pid_, SIGTERM);
  std::string last_words;
  for (const auto until = std::chrono::steady_clock::now() + kPatience; std::chrono::steady_clock::now() < until;) {
    siginfo_t about{};
    if (::waitid(P_PID, id_t(pid_), &about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid == pid_) break;
    if (!read(last_words, last_words)) ::poll(nullptr, 0, kAtTheEndMs);
  }
  ::kill(pid_, SIGKILL);
  wait();
}

bool Child::read(std::string& out, std::string& errors) {
  pollfd wanted[2] = {{out_, POLLIN, 0}, {errors_, POLLIN, 0}};
  if (::poll(wanted, 2, kLookMs) <= 0) return true;
  std::array<char, 4096> chunk;
  bool open = true;
  for (const int i : {1, 0}) {
    if (wanted[i].revents == 0) continue;
    const ssize_t got = ::read(wanted[i].fd, chunk.data(), chunk.size());
    if (got > 0) (i == 0 ? out : errors).append(chunk.data(), std::size_t(got));
    else if (i == 0 && got == 0) open = false;
  }
  return open;
}

std::vector<std::string> command_of(const ModelOptions& options, const lsp::TuningWish& wish) {
  std::vector<std::string> out = {(base::executable_folder() / "rigpilot").string(), "finetune", "--progress-json", "--parent", std::to_string(::getpid()), "--code", wish.root.string(),
                                  "--lora", std::to_string(wish.rank > 0 ? wish.rank : kUsualRank), "--holes", std::to_string(kHoles),
                                  "--device", options.device, "--dtype", options.dtype, "--quant", options.quant};
  const std::string& model = wish.model.empty() ? options.model : wish.model;
  if (!model.empty()) out.insert(out.end(), {"--model", model});
  if (options.threads > 0) out.insert(out.end(), {"--threads", std::to_string(options.threads)});
  return out;
}

std::string report_of(const base::Json& end) {
  const auto share = [&](const char* when) {
    const base::Json* part = base::find_field(end, when);
    return part ? 100 * base::try_get<double>(*part, "exact").value_or(0) : 0;
  };
  return fmt::format("the workspace's code is learned: {:.1f} % of suggestions at held-out places are exact, {:.1f} % were before", share("after"), share("before"));
}

// The last line of stderr without the program's name.
std::string last_sentence(std::string_view errors) {
  while (errors.ends_with('\n')) errors.remove_suffix(1);
  errors = errors.substr(errors.rfind('\n') + 1);
  constexpr std::string_view kName = "rigpilot: ";
  if (errors.starts_with(kName)) errors.remove_prefix(kName.size());
  return errors.empty() ? "rigpilot finetune ended without a word" : std::string(errors);
}

}  // namespace

lsp::Tuner finetune_child(const ModelOptions& options) {
  return [options](const lsp::TuningWish& wish, const std::function<void(lsp::TuningProgress)>& tell, std::stop_token stop) -> Result<lsp::Tuned> {
    Child child;
    if (auto started = child.start(command_of(options, wish)); !started) return base::forward(started);
    std::string out, errors;
    base::Json last;
    for (bool open = true; open;) {
      if (stop.stop_requested()) return base::cancelled();
      open = child.read(out, errors);
      for (std::size_t end; (end = out.find('\n')) != std::string::npos; out.erase(0, end + 1)) {
        const auto line = base::parse_json(out.substr(0, end), "rigpilot finetune");
        if (!line) continue;
        last = *line;
        if (const auto percent = base::try_get<int>(last, "percent")) tell({*percent, base::try_get<std::string>(last, "message").value_or("")});
      }
    }
    child.read(out, errors);
    const int status = child.wait();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return fail(ErrorCode::Failed, "{}", last_sentence(errors));
    const auto path = base::try_get<std::string>(last, "path");
    if (!path) return fail(ErrorCode::Failed, "rigpilot finetune did not say where its adapter is");
    return lsp::Tuned{*path, report_of(last)};
  };
}

}  // namespace app

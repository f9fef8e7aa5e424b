#include "app/measure/rival.h"

#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace app {
namespace {

using base::ErrorCode;
using base::fail;

base::Result<std::array<int, 2>> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorCode::Failed, "the rival: no pipe to it");
  return ends;
}

// By others than this program, which on a quiet machine keeps the load below the number of cores.
bool cores_are_wanted() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 && load > double(::sysconf(_SC_NPROCESSORS_ONLN));
}

}  // namespace

base::Result<Rival> Rival::start(const RivalOptions& options) {
  auto questions = make_pipe(), answers = make_pipe();
  if (!questions || !answers) return fail(ErrorCode::Failed, "the rival: no pipe to it");
  const std::string threads = std::to_string(options.threads), context = std::to_string(options.context);
  const std::string script = options.script.string(), model = options.model.string();
  ::signal(SIGPIPE, SIG_IGN);  // a rival that died is an error in its answer
  const bool busy = cores_are_wanted();
  Rival rival;
  rival.process_ = ::fork();
  if (rival.process_ == 0) {
    ::dup2((*questions)[0], 0);
    ::dup2((*answers)[1], 1);
    ::unsetenv("OMP_WAIT_POLICY");  // ours (app/main.cpp): it makes a token of llama.cpp's take 22 ms in place of 9
    // A thread of libgomp's spins some milliseconds at every barrier, of which llama.cpp has a thousand a pass: where other programs have the
    // cores, its threads wait that long at each, and 64 tokens take minutes. So few spins are libgomp's own choice for more threads than cores.
    if (busy) ::setenv("GOMP_SPINCOUNT", "1000", 0);
    ::execlp(options.python.c_str(), options.python.c_str(), script.c_str(), model.c_str(), threads.c_str(),
             context.c_str(), nullptr);
    ::_exit(127);
  }
  ::close((*questions)[0]);
  ::close((*answers)[1]);
  rival.to_ = ::fdopen((*questions)[1], "w");
  rival.from_ = ::fdopen((*answers)[0], "r");
  if (rival.process_ < 0) return fail(ErrorCode::Failed, "the rival: cannot be started");
  auto ready = rival.read_line();
  if (!ready || !ready->is_object() || !ready->contains("load_ms"))
    return fail(ErrorCode::Failed,
                "the rival did not load {}: {} needs llama-cpp-python (pip install llama-cpp-python)",
                options.model.string(), options.python);
  rival.load_ms_ = (*ready)["load_ms"].get<double>();
  return rival;
}

Rival::Rival(Rival&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      to_(std::exchange(other.to_, nullptr)),
      from_(std::exchange(other.from_, nullptr)),
      load_ms_(other.load_ms_) {}

Rival::~Rival() {
  if (to_) std::fclose(to_);  // its stdin ends, and so does it
  if (from_) std::fclose(from_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

base::Result<base::Json> Rival::read_line() {
  std::string line;
  for (int c = std::fgetc(from_); c != EOF && c != '\n'; c = std::fgetc(from_)) line.push_back(char(c));
  return base::parse_json(line, "the rival");
}

base::Result<base::Json> Rival::ask(const base::Json& question) {
  const std::string line = question.dump() + "\n";
  if (std::fputs(line.c_str(), to_) < 0 || std::fflush(to_) != 0)
    return fail(ErrorCode::Failed, "the rival ended early");
  auto answer = read_line();
  if (!answer || !answer->is_object()) return fail(ErrorCode::Failed, "the rival gave no answer");
  return answer;
}

}  // namespace app

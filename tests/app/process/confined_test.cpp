// Programs that mean no good, here and where the kernel allows no namespaces: each comes to its end, and nothing is left of it.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "app/process/confined.h"
#include "app/process/run_program.h"
#include "base/files.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace {

using namespace app;
using How = Ended::How;

struct Bench {
  Confinement confinement;
  tests::TempFolder folder;

  Ended run(const std::string& python, Limits limits = {}, std::stop_token stop = {}) const {
    auto ended = confinement.run({"python3", "-c", python}, std::filesystem::canonical(folder.path()), limits, stop);
    REQUIRE(ended);
    return *ended;
  }
};

std::vector<Confinement> both() { return {Confinement::find(), Confinement(Isolation{})}; }

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Whether a process has this among its arguments.
bool is_alive(const std::string& mark) {
  for (const auto& one : std::filesystem::directory_iterator("/proc")) {
    const auto text = base::read_file(one.path() / "cmdline");
    if (text && text->find(mark) != std::string::npos && one.path().filename() != std::to_string(::getpid())) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("what a program says and how it ends") {
  for (const Confinement& confinement : both()) {
    const Bench bench{confinement, {}};
    const Ended fine = bench.run("print('hello'); open('file', 'w').write('x'); print(open('file').read())");
    CHECK(fine.how == How::Exited);
    CHECK(fine.code == 0);
    CHECK(fine.output == "hello\nx\n");
    CHECK(bench.run("import sys; sys.exit(3)").code == 3);
    CHECK(bench.run("import os; os.abort()").code == 128 + SIGABRT);
    CHECK(bench.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").code == 128 + SIGKILL);
    const auto missing = confinement.run({"rigpilot-there-is-no-such-program"}, bench.folder.path(), {});
    REQUIRE(missing);
    CHECK(missing->code == 127);
  }
}

TEST_CASE("an endless loop, a sleeper and whoever is tired of waiting") {
  for (const Confinement& confinement : both()) {
    const Bench bench{confinement, {}};
    CHECK(bench.run("while True: pass", {.wall_seconds = 1}).how == How::TimedOut);
    CHECK(bench.run("import time; time.sleep(100)", {.wall_seconds = 1}).how == How::TimedOut);
    CHECK(bench.run("while True: pass", {.wall_seconds = 20, .cpu_seconds = 1}).code >= 128);
    std::stop_source stop;
    const std::jthread soon([&] { std::this_thread::sleep_for(std::chrono::milliseconds(100)), stop.request_stop(); });
    CHECK(bench.run("import time; time.sleep(100)", {}, stop.get_token()).how == How::Cancelled);
  }
}

TEST_CASE("a fork bomb goes off alone") {
  for (const Confinement& confinement : both()) {
    const Bench bench{confinement, {}};
    Ended ended;
    const std::string mark = "mark_of_a_bomb_" + std::to_string(::getpid());
    CHECK(seconds_of([&] { ended = bench.run("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n# " + mark, {.wall_seconds = 10, .processes = 100}); }) < 10);
    CHECK(ended.how == How::BeganTooMany);
    CHECK_FALSE(is_alive(mark));
  }
}

TEST_CASE("children in the background end with the program") {
  for (const Confinement& confinement : both()) {
    const Bench bench{confinement, {}};
    const std::string mark = "mark_of_a_child_" + std::to_string(::getpid());
    const Ended ended = bench.run("import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100) # " + mark + "'])\nprint('started')");
    CHECK(ended.code == 0);
    CHECK(ended.output == "started\n");
    CHECK_FALSE(is_alive(mark));
  }
  const Bench bench{Confinement::find(), {}};
  if (!bench.confinement.isolation().network) return;
  const std::string mark = "mark_of_a_daemon_" + std::to_string(::getpid());  // in a session of its own
  CHECK(bench.run("import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100) # " + mark + "'], start_new_session=True)").code == 0);
  CHECK_FALSE(is_alive(mark));
}

TEST_CASE("memory, files and output have an end") {
  for (const Confinement& confinement : both()) {
    const Bench bench{confinement, {}};
    const std::string_view refused = "MemoryError";
    CHECK(bench.run("x = bytearray(3 << 30)").output.find(refused) != std::string::npos);
    CHECK(bench.run("x = bytearray(3 << 30)", {.reserves_memory = true}).output.find(refused) != std::string::npos);
    CHECK(bench.run("import mmap; x = mmap.mmap(-1, 3 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)", {.reserves_memory = true}).code == 0);
    CHECK(bench.run("f = open('large', 'wb')\nwhile True: f.write(bytes(1 << 20))", {.file_bytes = 8 << 20}).code != 0);
    CHECK(std::filesystem::file_size(bench.folder.path() / "large") <= 8 << 20);
    const Ended flood = bench.run("import os\nwhile True: os.write(1, b'x' * 65536)");
    CHECK(flood.how == How::WroteTooMuch);
    CHECK(flood.output.size() <= 16 << 10);
  }
}

TEST_CASE("neither the network nor other files can be reached") {
  const Bench bench{Confinement::find(), {}};
  if (!bench.confinement.isolation().network || !bench.confinement.isolation().files) {
    CHECK_FALSE(bench.confinement.warning().empty());
    return;
  }
  CHECK(bench.confinement.warning().empty());
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string connect = fmt::format("import socket\nsocket.create_connection(('127.0.0.1', {}), timeout=2)\nprint('connected')", ntohs(address.sin_port));
  CHECK(run_program({"python3", "-c", connect}, "").value_or("") == "connected\n");  // outside it can be
  CHECK(bench.run(connect).code != 0);
  ::close(listener);

  const tests::TempFolder other;
  std::ofstream(other.path() / "precious") << "mine";
  const std::string precious = (other.path() / "precious").string();
  CHECK(bench.run("open('" + precious + "', 'w')").code != 0);
  CHECK(bench.run("import os; os.remove('" + precious + "')").code != 0);
  CHECK(base::read_file(other.path() / "precious").value_or("") == "mine");
  CHECK(bench.run("import os, signal; os.kill(" + std::to_string(::getpid()) + ", signal.SIGTERM)").code != 0);
  CHECK(bench.run("import os; os.system('mount -o remount,rw /'); open('" + precious + "', 'w')").code != 0);
}

TEST_CASE("the environment keeps its secrets") {
  ::setenv("RIGPILOT_TEST_SECRET", "hush", 1);
  for (const Confinement& confinement : both()) CHECK(Bench{confinement, {}}.run("import os; print(os.environ.get('RIGPILOT_TEST_SECRET'))").output == "None\n");
  ::unsetenv("RIGPILOT_TEST_SECRET");
}

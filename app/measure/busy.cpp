#include "app/measure/busy.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>

namespace app {
namespace {

constexpr const char* kCompileForever =
    "while :; do echo '#include <regex>\n#include <map>\n#include <iostream>\nint main(){std::regex r(\"a\");"
    "std::map<int,std::regex> m{{1,r}};std::cout<<m.size();}' | c++ -O2 -x c++ -c -o /dev/null - 2>/dev/null || exit 1; done";

// What runs where there is no compiler: branches and memory, like one.
[[noreturn]] void sort_forever() {
  std::vector<std::uint64_t> numbers(1 << 20);
  for (std::uint64_t state = 1;;) {
    for (auto& number : numbers) number = state = state * 6364136223846793005u + 1442695040888963407u;
    std::sort(numbers.begin(), numbers.end());
  }
}

}  // namespace

BusyMachine::BusyMachine(int processes) {
  const pid_t parent = ::getpid();
  for (int i = 0; i < processes; ++i) {
    const pid_t child = ::fork();
    if (child < 0) break;
    if (child > 0) {
      children_.push_back(child);
      continue;
    }
    ::setpgid(0, 0);  // with the compilers it starts
    ::close_range(3, ~0U, 0);  // or whoever waits for the end of a pipe of the parent's waits for this process
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(0);
    const pid_t compiling = ::fork();
    if (compiling == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      const int nowhere = ::open("/dev/null", O_RDWR);
      for (const int stream : {0, 1, 2}) ::dup2(nowhere, stream);
      ::execl("/bin/sh", "sh", "-c", kCompileForever, nullptr);
      ::_exit(1);
    }
    ::waitpid(compiling, nullptr, 0);
    sort_forever();  // only where compiling failed
  }
}

BusyMachine::~BusyMachine() {
  for (const pid_t child : children_) {
    ::kill(-child, SIGKILL);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
}

}  // namespace app

#include "app/process/isolation.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace app {
namespace {

constexpr unsigned kInside = 1000;  // the user's number in its namespace: an ordinary one, so that exec leaves it no power there

bool write_whole(const char* path, const char* text, std::size_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ::write(fd, text, size) == ssize_t(size);
  ::close(fd);
  return done;
}

// "1000 OUTSIDE 1", without the allocator.
std::size_t write_map(char* out, unsigned outside) {
  char* at = out;
  const auto number = [&](unsigned value) {
    char digits[10];
    int count = 0;
    do digits[count++] = char('0' + value % 10);
    while ((value /= 10) > 0);
    while (count > 0) *at++ = digits[--count];
  };
  number(kInside), *at++ = ' ', number(outside), *at++ = ' ', number(1);
  return std::size_t(at - out);
}

bool map_user(unsigned user, unsigned group) {
  char text[40];
  if (!write_whole("/proc/self/uid_map", text, write_map(text, user))) return false;
  write_whole("/proc/self/setgroups", "deny", 4);
  return write_whole("/proc/self/gid_map", text, write_map(text, group));
}

bool set_read_only(const char* path, bool read_only, unsigned flags) {
  mount_attr change{};
  (read_only ? change.attr_set : change.attr_clr) = MOUNT_ATTR_RDONLY;
  return ::syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &change, sizeof change) == 0;
}

bool protect_files(const char* folder) {
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 && set_read_only("/", true, AT_RECURSIVE) &&
         ::mount(folder, folder, nullptr, MS_BIND, nullptr) == 0 && set_read_only(folder, false, 0);
}

void set_limit(int which, std::int64_t value) {
  rlimit now{};
  ::getrlimit(__rlimit_resource(which), &now);
  now.rlim_cur = std::min(rlim_t(value), now.rlim_max);
  now.rlim_max = now.rlim_cur;
  ::setrlimit(__rlimit_resource(which), &now);
}

}  // namespace

Isolation isolate(const char* folder) {
  const unsigned user = ::geteuid(), group = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNS) != 0) return {};
  if (!map_user(user, group)) return {};
  return {.network = true, .files = protect_files(folder)};
}

Isolation look_up_isolation() {
  const char* temporary = std::getenv("TMPDIR");
  const pid_t child = ::fork();
  if (child == 0) {
    const Isolation found = isolate(temporary ? temporary : "/tmp");
    ::_exit(int(found.network) + 2 * int(found.files));
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  const int found = child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  return {.network = (found & 1) != 0, .files = (found & 2) != 0};
}

void limit(const Limits& limits) {
  set_limit(RLIMIT_CPU, limits.cpu_seconds);
  set_limit(limits.reserves_memory ? RLIMIT_DATA : RLIMIT_AS, limits.memory_bytes);
  set_limit(RLIMIT_FSIZE, limits.file_bytes);
  set_limit(RLIMIT_CORE, 0);
  struct sysinfo all {};
  ::sysinfo(&all);  // older kernels count all of the user's processes, newer ones those of the namespace
  set_limit(RLIMIT_NPROC, std::int64_t(all.procs) + limits.processes);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  write_whole("/proc/self/oom_score_adj", "1000", 4);  // where memory runs out, this is what goes
}

int open_process_count() { return ::open("/proc/sys/kernel/ns_last_pid", O_RDONLY | O_CLOEXEC); }

int process_count(int fd) {
  char text[16] = {};
  if (fd < 0 || ::pread(fd, text, sizeof text - 1, 0) <= 0) {
    struct sysinfo all {};
    ::sysinfo(&all);
    return all.procs;
  }
  int value = 0;
  for (const char* at = text; *at >= '0' && *at <= '9'; ++at) value = value * 10 + (*at - '0');
  return value;
}

}  // namespace app

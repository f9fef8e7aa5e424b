// isolation.h: what keeps a program from harming the machine it runs on, in the child process before it is started.
// look_up_isolation() once tells what the kernel lets this user do; isolate() does it: no network, no other process to be seen, and
// every file but those of one folder read-only. limit() sets what one process may use.
// isolate() and limit() are for a child between fork and exec: they only make system calls, allocate nothing and never throw.
#pragma once

#include <cstdint>

namespace app {

struct Isolation {
  bool network = false;  // no network, and processes that end together (user, network and process namespaces)
  bool files = false;    // nothing can be written outside the folder (a mount namespace)
};

Isolation look_up_isolation();

// Afterwards the next child of this process is the first of its process namespace: what that one leaves behind ends with it.
Isolation isolate(const char* folder);

struct Limits {
  int wall_seconds = 15, cpu_seconds = 10;
  std::int64_t memory_bytes = std::int64_t(2) << 30;
  bool reserves_memory = false;  // the program asks for addresses that it never uses (Java, Node.js): only what it can write counts
  std::int64_t file_bytes = std::int64_t(64) << 20;
  int processes = 500;  // threads too; all that it ever begins, where it is isolated
};
void limit(const Limits& limits);

// A number that grows by one with each process or thread that the namespace begins; without a file (-1) or where the kernel does not tell:
// how many there are on the machine. RLIMIT_NPROC alone does not hold root.
int open_process_count();
int process_count(int fd);

}  // namespace app

// interrupt.h: Ctrl-C (and a polite kill) as something to look at, for work that must stop in order.
// While one lives, SIGINT, SIGTERM and SIGHUP wait in a file descriptor instead of ending the program; asked() says
// whether one came. Main thread; one at a time; threads started meanwhile inherit the blocked signals.
#pragma once

#include <signal.h>

namespace app {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  bool asked();
  int fd() const { return fd_; }  // readable once one came: a signalfd, for who asks which

 private:
  sigset_t before_{};
  int fd_ = -1;
  bool asked_ = false;
};

}  // namespace app

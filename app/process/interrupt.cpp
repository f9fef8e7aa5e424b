#include "app/process/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <initializer_list>


namespace app {

Interrupt::Interrupt() {
  sigset_t mine;
  sigemptyset(&mine);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&mine, signal);  // nohup stays
  }
  ::pthread_sigmask(SIG_BLOCK, &mine, &before_);
  fd_ = ::signalfd(-1, &mine, SFD_NONBLOCK | SFD_CLOEXEC);
}

Interrupt::~Interrupt() {
  asked();  // one that came at the very end is done with
  if (fd_ >= 0) ::close(fd_);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Interrupt::asked() {
  signalfd_siginfo info;
  while (fd_ >= 0 && ::read(fd_, &info, sizeof info) == ssize_t(sizeof info)) asked_ = true;
  return asked_;
}

}  // namespace app

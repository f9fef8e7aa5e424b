#include "app/finetune/work_folder.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace app {
namespace {

namespace fs = std::filesystem;
constexpr int kLookMs = 50, kTries = 20;

}  // namespace

base::Result<std::unique_ptr<WorkFolder>> WorkFolder::make(fs::path path) {
  std::unique_ptr<WorkFolder> out(new WorkFolder(std::move(path)));
  std::error_code failed;
  fs::remove_all(out->path_, failed);  // of one that was killed
  if (!failed) fs::create_directories(out->path_, failed);
  if (failed) return base::fail(base::ErrorCode::Failed, "{}: {}", out->path_.string(), failed.message());
  return out;
}

WorkFolder::WorkFolder(fs::path path) : path_(std::move(path)) {
  thread_ = std::jthread([this](std::stop_token stop) { watch(stop); });
}

WorkFolder::~WorkFolder() {
  settle();
  std::error_code ignored;
  if (!kept_) fs::remove_all(path_, ignored);
}

void WorkFolder::settle() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void WorkFolder::watch(std::stop_token stop) {
  while (!stop.stop_requested()) {
    pollfd wanted{signals_.fd(), POLLIN, 0};
    if (::poll(&wanted, 1, kLookMs) <= 0) continue;
    signalfd_siginfo info;
    if (::read(signals_.fd(), &info, sizeof info) != ssize_t(sizeof info)) continue;
    if (info.ssi_signo != SIGINT || !asks_ || asked_.exchange(true)) end_by(int(info.ssi_signo));
  }
}

// As the signal would have ended the program, but for the folder. Other threads may still be writing to it.
void WorkFolder::end_by(int signal) const {
  std::error_code failed;
  for (int tries = 0; !kept_ && tries < kTries; ++tries) {
    fs::remove_all(path_, failed);
    if (!failed && !fs::exists(path_, failed)) break;
  }
  ::signal(signal, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  ::kill(::getpid(), signal);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::_exit(128 + signal);
}

}  // namespace app

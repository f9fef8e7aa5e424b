#include <unistd.h>

#include <cstdio>

#include "app/console.h"
#include "app/finetune_settings.h"

namespace app {

using Clock = std::chrono::steady_clock;

FinetuneProgress::FinetuneProgress(bool as_json) : as_json_(as_json), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

FinetuneProgress::~FinetuneProgress() {
  if (drawn_ && on_terminal_) fmt::print(stderr, "\r\x1b[K");
}

void FinetuneProgress::stage(std::string name, double begin, double end) {
  stage_ = std::move(name), begin_ = begin, end_ = end, percent_ = -1, shown_ = {};
  show(0);
}

void FinetuneProgress::show(double fraction, const std::string& detail) {
  const int percent = int(100 * (begin_ + (end_ - begin_) * std::min(1.0, fraction)));
  const auto now = Clock::now();
  const double quiet = as_json_ ? 0.2 : on_terminal_ ? 0.2 : 30;
  if (shown_ != Clock::time_point{} && std::chrono::duration<double>(now - shown_).count() < quiet) return;
  const std::string message = detail.empty() ? stage_ : stage_ + ": " + detail;
  if (as_json_) print_json({{"percent", percent}, {"message", message}});
  else if (on_terminal_) fmt::print(stderr, "\r\x1b[K{} % {}", percent, message);
  else fmt::print(stderr, "{} % {}\n", percent, message);
  std::fflush(stderr);
  drawn_ = true, percent_ = percent, shown_ = now;
}

}  // namespace app

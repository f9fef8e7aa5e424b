#include "app/train_log.h"

#include <unistd.h>

#include <charconv>
#include <cmath>

#include "app/console.h"
#include "base/files.h"
#include "base/formats/safetensors.h"

namespace app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

std::string span_of(double seconds) {
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  if (seconds < 3600) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

TrainLog::TrainLog(std::filesystem::path folder, std::int64_t steps)
    : path_(std::move(folder) / "metrics.jsonl"), steps_(steps), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

engine::TrainEvents TrainLog::events() {
  return {.begun = [this](std::int64_t step) { begin(step); },
          .step = [this](const engine::StepReport& report) { tell(report); },
          .validated = [this](const engine::ValidationReport& report) { tell(report); },
          .checkpointed = {}};
}

void TrainLog::begin(std::int64_t step) {
  first_ = step, start_ = Clock::now();
  std::string kept;
  if (const auto before = base::read_file(path_); step > 0 && before) {
    std::string_view rest = *before;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      const auto json = base::parse_json(line, "metrics");
      if (json && base::try_get<std::int64_t>(*json, "step").value_or(step + 1) <= step) kept += std::string(line) + "\n";
    }
  }
  (void)base::write_file_atomic(path_, kept);
  file_.open(path_, std::ios::app);
}

void TrainLog::tell(const engine::StepReport& r) {
  file_ << base::dump_json({{"step", r.step}, {"tokens", r.tokens}, {"loss", r.loss}, {"rate", r.learning_rate}, {"norm", r.gradient_norm},
                            {"tokens_per_second", std::round(r.tokens_per_second)}, {"epoch", r.epoch}}) << std::endl;
  smoothed_ = smoothed_ == 0 ? r.loss : 0.95 * smoothed_ + 0.05 * r.loss;
  const double taken = duration<double>(Clock::now() - start_).count();
  const double left = taken / double(std::max<std::int64_t>(1, r.step - first_)) * double(steps_ - r.step);
  show(fmt::format("step {}/{}, {:.2f} M tokens, loss {:.4f}, rate {:.2e}, {:.0f} tokens/s, {} left", r.step, r.steps,
                   double(r.tokens) / 1e6, smoothed_, r.learning_rate, r.tokens_per_second, span_of(left)), false);
}

void TrainLog::tell(const engine::ValidationReport& r) {
  const double bits = r.nats_per_byte / std::log(2.0);
  file_ << base::dump_json({{"step", r.step}, {"validation_loss", r.loss}, {"bits_per_byte", bits}}) << std::endl;
  show(fmt::format("step {}: validation loss {:.4f} nats a token, {:.4f} bits a byte", r.step, r.loss, bits), true);
}

// On a terminal one line that changes; elsewhere a line now and then.
void TrainLog::show(const std::string& line, bool stays) {
  const auto now = Clock::now();
  const double quiet = on_terminal_ ? 0.2 : 30;
  if (!stays && drawn_ && duration<double>(now - shown_).count() < quiet) return;
  if (on_terminal_) fmt::print(stderr, "\r\x1b[K{}{}", line, stays ? "\n" : "");
  else fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
  drawn_ = true, shown_ = now;
}

void TrainLog::end() {
  if (on_terminal_ && drawn_) fmt::print(stderr, "\r\x1b[K");
}

std::int64_t TrainLog::last_checkpoint(const std::filesystem::path& folder) {
  const auto file = base::Safetensors::open(folder / "checkpoint.safetensors");
  if (!file) return 0;
  const auto found = file->metadata().find("step");
  std::int64_t step = 0;
  if (found != file->metadata().end()) std::from_chars(found->second.data(), found->second.data() + found->second.size(), step);
  return step;
}

}  // namespace app

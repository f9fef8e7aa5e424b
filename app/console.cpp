#include "app/console.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/command.h"
#include "base/files.h"

namespace app {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_json(const base::Json& value) { print(base::dump_json(value) + "\n"); }

void note(std::string_view sentence) {
  std::string line(sentence);
  std::replace(line.begin(), line.end(), '\n',
               ' ');  // one sentence is one line, whatever a foreign error holds
  fmt::print(stderr, "rigpilot: {}\n", line);
}

int report(const base::Error& error) {
  note(error.message);
  return kFailed;
}

int wrong_use(std::string_view sentence) {
  note(sentence);
  fmt::print(stderr, "See rigpilot --help, or rigpilot COMMAND --help.\n");
  return kWrongUse;
}

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

std::string dim(std::string_view text) {
  return stdout_is_terminal() ? fmt::format("\033[2m{}\033[0m", text) : std::string(text);
}

base::Result<std::string> read_input(const std::string& name) {
  if (name != "-") return base::read_file(name);
  std::string text;
  char part[65536];
  while (const std::size_t got = std::fread(part, 1, sizeof part, stdin)) text.append(part, got);
  if (std::ferror(stdin)) return base::fail(base::ErrorCode::Failed, "stdin: cannot be read");
  return text;
}

std::string human_bytes(double bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 999.95 && unit + 1 < std::size(units)) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)),
      on_terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
}

void ProgressBar::rename(std::string what) {
  if (what == what_) return;
  what_ = std::move(what);
  percent_ = -1;
}

void ProgressBar::show(double fraction, std::string_view detail) {
  const auto now = std::chrono::steady_clock::now();
  if (!on_terminal_ || now - start_ < std::chrono::milliseconds(500)) return;
  const int percent = std::clamp(static_cast<int>(fraction * 100), 0, 100);
  if (percent == percent_ && (detail == detail_ || now - shown_ < std::chrono::milliseconds(200))) return;
  percent_ = percent, detail_ = detail, shown_ = now;
  drawn_ = true;
  const std::size_t full = static_cast<std::size_t>(percent) * 30 / 100;
  fmt::print(stderr, "\r\033[K{} [{}{}] {}%{}{}", what_, std::string(full, '#'), std::string(30 - full, ' '), percent,
             detail.empty() ? "" : "  ", detail);
  std::fflush(stderr);
}

}  // namespace app

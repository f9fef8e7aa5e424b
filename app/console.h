// console.h: how commands speak: results to stdout, complaints and progress to stderr, input from a file or
// stdin. report() and wrong_use() print one sentence and give the exit code; a ProgressBar shows itself only
// where it helps. For the main thread; nothing here throws.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace app {

void print(std::string_view text);         // to stdout, as it is, at once
void print_json(const base::Json& value);  // to stdout, one line
int report(const base::Error& error);      // "rigpilot: ..." on stderr; kFailed
int wrong_use(std::string_view sentence);  // the same with a hint at --help; kWrongUse
void note(std::string_view sentence);      // on stderr

bool stdout_is_terminal();
std::string dim(std::string_view text);  // in grey on a terminal, as it is elsewhere

// A file's text, or all of stdin where `name` is "-".
base::Result<std::string> read_input(const std::string& name);

std::string human_bytes(double bytes);  // "98.4 MB"

// A bar on stderr: only on a terminal, only once the work has taken half a second, and gone when the work is
// done.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void show(double fraction, std::string_view detail = {});  // `detail`: behind the bar
  void rename(std::string what);                             // another step of the same work

 private:
  std::string what_;
  bool on_terminal_;
  bool drawn_ = false;
  int percent_ = -1;
  std::string detail_;
  std::chrono::steady_clock::time_point shown_{};
  std::chrono::steady_clock::time_point start_;
};

}  // namespace app

// confined.h: a program that nobody vouches for, run to its end where it can do little harm.
// Confinement::find() once; run({"python3", "main.py"}, ...) as often as wanted, from any thread. The program has a folder of its own to
// write to, no network, no sight of other processes, and limits on time, memory, files, processes and output (isolation.h).
// When run() returns, the program has ended with all that it started. Fails only where no process can be made.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "app/process/isolation.h"
#include "base/result.h"

namespace app {

struct Ended {
  enum class How { Exited, TimedOut, WroteTooMuch, BeganTooMany, Cancelled };
  How how = How::Exited;
  int code = 0;        // of the exit; 128 and the signal's number where one ended it, 127 where the program is missing
  std::string output;  // the beginning of what it wrote to stdout and stderr
};

class Confinement {
 public:
  static Confinement find() { return Confinement(look_up_isolation()); }
  explicit Confinement(Isolation isolation) : isolation_(isolation) {}

  const Isolation& isolation() const { return isolation_; }
  // What cannot be kept from the programs here, as a sentence; empty: nothing.
  std::string warning() const;

  // Looked up in PATH, started in `folder`, which is an absolute path; without stdin.
  base::Result<Ended> run(const std::vector<std::string>& command, const std::filesystem::path& folder, const Limits& limits, std::stop_token stop = {}) const;

 private:
  Isolation isolation_;
};

}  // namespace app

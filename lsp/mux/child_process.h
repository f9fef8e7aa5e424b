// child_process.h: a program started as our child, with its input and output as a Transport.
// start() it, talk over transport(), end() it: what it has not done by then it is asked to do, then made to.
// Each line of its error output goes to the log, behind its name. Error: one sentence where it cannot be started.
// transport() may be used from any thread as a Transport may; the rest belongs to the owner.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "lsp/transport/stdio.h"

namespace lsp {

class ChildProcess {
 public:
  static base::Result<std::unique_ptr<ChildProcess>> start(const std::vector<std::string>& command, const base::Logger& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  Transport& transport() { return *transport_; }
  std::string name() const { return name_; }

  // Waits up to `patience` for its end, then ends it; how it ended: "has ended with exit code 3".
  std::string end(std::chrono::milliseconds patience);

 private:
  ChildProcess() = default;
  bool wait_for_end(std::chrono::milliseconds patience);
  void read_errors(const base::Logger& log);
  void close_pipes();

  pid_t pid_ = -1;
  int to_ = -1, from_ = -1, errors_ = -1;
  bool ended_ = false;
  int status_ = 0;
  std::string name_;
  std::unique_ptr<StdioTransport> transport_;
  std::unique_ptr<StdioTransport> error_lines_;
  std::thread error_reader_;
};

}  // namespace lsp

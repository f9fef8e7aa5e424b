// busy.h: a machine at work beside what is measured: one compiler a core, over and over, while the object lives.
// BusyMachine::start(n) forks n children; each compiles a small program again and again (c++), or, where there is no compiler,
// sorts. They end with the object, or with this process. Nothing else is touched.
#pragma once

#include <sys/types.h>

#include <vector>

namespace app {

class BusyMachine {
 public:
  explicit BusyMachine(int processes);
  ~BusyMachine();
  BusyMachine(const BusyMachine&) = delete;
  BusyMachine& operator=(const BusyMachine&) = delete;
  std::size_t size() const { return children_.size(); }

 private:
  std::vector<pid_t> children_;
};

}  // namespace app

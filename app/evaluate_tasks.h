// evaluate_tasks.h: `rigpilot evaluate --tasks FILE`: tasks with tests, completed, run and told of.
// evaluate_tasks() gives the command's exit code; Ctrl-C ends it in order, with no program or folder left behind.
// Main thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/load.h"
#include "lsp/completion/settings.h"

namespace app {

struct TaskOptions {
  ModelOptions model;
  std::vector<std::string> models;  // none: copying
  std::string file, html;
  std::uint64_t seed = 1;
  std::size_t most = 0;  // 0: all
  int seconds = 15, jobs = 0;  // jobs 0: one a core
  bool json = false, list = false;
  lsp::CompletionSettings completion{};
};

int evaluate_tasks(const TaskOptions& options);

}  // namespace app

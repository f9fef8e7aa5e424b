// report_tasks.h: what tasks with tests came to, by language: as a table for people, as JSON for programs, as a page with charts.
// A TaskTrial is one model on one file of tasks. page_of_tasks() takes what to_json() gave; without a network, every text escaped.
// Pure; the intervals draw problems anew, since the holes of one solution are alike.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/evaluate/tasks/run_tasks.h"
#include "base/json.h"

namespace app {

struct TaskTrial {
  std::string name;  // the model's
  std::vector<TaskOutcome> outcomes;
};

struct TaskSums {
  std::string slice;  // "all", or a language
  std::size_t tasks = 0, skipped = 0;
  double passed = 0;  // of those that were tested
  Interval passed_95;
  double shown = 0, exact = 0, similarity = 0;
  double p50_ms = 0, p95_ms = 0;
};
std::vector<TaskSums> sums_of(const std::vector<Task>& tasks, const TaskTrial& trial);

struct TaskReport {
  std::string file;
  std::uint64_t seed = 1;
  Isolation isolation;
  std::vector<std::string> skipped;  // sentences
};
std::string table_of_tasks(const std::vector<Task>& tasks, const std::vector<TaskTrial>& trials);
base::Json to_json(const TaskReport& about, const std::vector<Task>& tasks, const std::vector<TaskTrial>& trials);
std::string page_of_tasks(const base::Json& report);

}  // namespace app

// run_tasks.h: the server's own pipeline asked at every task's hole, and the task's tests run over what it said.
// answer_tasks() asks as a user does who wants a suggestion there; test_tasks() builds and runs prompt + suggestion + suffix + test, several
// at a time, each confined (app/process/confined.h) in a folder of its own that is gone afterwards.
// answer_tasks() on the calling thread, in order. Both end as Cancelled when `progress` says false. Errors name the task.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/evaluate/run.h"
#include "app/evaluate/tasks/task_file.h"
#include "app/process/confined.h"

namespace app {

enum class Verdict { Untested, Passed, Failed };

struct TaskOutcome {
  std::size_t task = 0;     // its number
  std::string got;          // what the suggestion puts into the hole
  std::string code;         // all of the code with it, without the test
  bool shown = false;
  bool exact = false;
  double similarity = 0;
  double ms = 0;
  Verdict verdict = Verdict::Untested;
  std::string why;          // of a failure: "timed out"; with what the program wrote
};

using KeepOn = std::function<bool(double fraction)>;

base::Result<std::vector<TaskOutcome>> answer_tasks(const std::vector<Task>& tasks, const Asked& asked, const KeepOn& progress);

struct Testing {
  const Confinement& confinement;
  int seconds = 15;  // for a program's tests
  int jobs = 1;
};
// Fills in verdicts; tasks in languages that cannot be tested here stay Untested.
base::Result<void> test_tasks(const std::vector<Task>& tasks, const Testing& testing, std::vector<TaskOutcome>& outcomes, const KeepOn& progress);

// Why tasks of these languages are not tested, a sentence each: "3 tasks in Rust are skipped: there is no 'rustc' here".
std::vector<std::string> skipped_languages(const std::vector<Task>& tasks);

}  // namespace app

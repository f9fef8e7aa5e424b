#include <stdlib.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include "app/evaluate/tasks/languages.h"
#include "app/evaluate/tasks/run_tasks.h"
#include "base/files.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kBuildSeconds = 60;
constexpr std::chrono::milliseconds kLook{50};

// A folder that is gone with the object.
class TaskFolder {
 public:
  static Result<TaskFolder> make() {
    std::error_code failed;
    std::string name = (fs::canonical(fs::temp_directory_path(failed), failed) / "rigpilot-task-XXXXXX").string();
    if (failed || !::mkdtemp(name.data())) return fail(ErrorCode::Failed, "{}: no folder can be made there: {}", name, failed ? failed.message() : std::strerror(errno));
    return TaskFolder(name);
  }
  TaskFolder(TaskFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TaskFolder& operator=(TaskFolder&&) = delete;
  ~TaskFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit TaskFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

std::string reason_of(const Ended& ended, const Limits& limits) {
  switch (ended.how) {
    case Ended::How::Exited: return ended.code > 128 ? fmt::format("ended by signal {}", ended.code - 128) : fmt::format("exit code {}", ended.code);
    case Ended::How::TimedOut: return fmt::format("not done after {} s", limits.wall_seconds);
    case Ended::How::WroteTooMuch: return "wrote too much";
    case Ended::How::BeganTooMany: return fmt::format("began more than {} processes", limits.processes);
    case Ended::How::Cancelled: return "cancelled";
  }
  return "unknown";
}

Result<void> test_one(const Task& task, const TaskLanguage& language, const Testing& testing, std::stop_token stop, TaskOutcome& out) {
  auto folder = TaskFolder::make();
  if (!folder) return base::forward(folder);
  if (auto written = base::write_file_atomic(folder->path() / language.file, program_of(task, language, out.code)); !written) return written;
  for (const auto& step : language.steps) {
    const bool last = &step == &language.steps.back();
    Limits limits{.wall_seconds = last ? testing.seconds : kBuildSeconds, .cpu_seconds = last ? testing.seconds : kBuildSeconds, .reserves_memory = language.reserves_memory};
    auto ended = testing.confinement.run(step, folder->path(), limits, stop);
    if (!ended) return base::forward(ended);
    if (ended->how == Ended::How::Exited && ended->code == (last ? language.passed : 0)) continue;
    out.verdict = Verdict::Failed;
    out.why = fmt::format("{}: {}{}{}", step.front(), reason_of(*ended, limits), ended->output.empty() ? "" : "\n", ended->output);
    return {};
  }
  out.verdict = Verdict::Passed;
  return {};
}

bool can_be_tested(const Task& task) {
  const TaskLanguage* language = language_called(task.language);
  return language && missing_tool(*language).empty();
}

}  // namespace

Result<void> test_tasks(const std::vector<Task>& tasks, const Testing& testing, std::vector<TaskOutcome>& outcomes, const KeepOn& progress) {
  std::vector<TaskOutcome*> wanted;
  for (TaskOutcome& one : outcomes)
    if (can_be_tested(tasks[one.task])) wanted.push_back(&one);
  std::stop_source stop;
  std::atomic<std::size_t> next = 0, done = 0;
  std::vector<Result<void>> problems(std::size_t(std::max(1, testing.jobs)));
  std::vector<std::jthread> workers;
  for (auto& problem : problems)
    workers.emplace_back([&] {
      for (std::size_t i; problem && !stop.stop_requested() && (i = next++) < wanted.size(); ++done) {
        const Task& task = tasks[wanted[i]->task];
        problem = test_one(task, *language_called(task.language), testing, stop.get_token(), *wanted[i]);
        if (!problem) stop.request_stop();
      }
    });
  bool keep_on = true;
  while (done < wanted.size() && !stop.stop_requested()) {
    keep_on = progress(double(done) / double(wanted.size()));
    if (!keep_on) stop.request_stop();
    std::this_thread::sleep_for(kLook);
  }
  workers.clear();  // joins
  for (const auto& problem : problems)
    if (!problem) return problem;
  if (!keep_on) return base::cancelled();
  return {};
}

std::vector<std::string> skipped_languages(const std::vector<Task>& tasks) {
  std::map<std::string, std::size_t> counts;
  for (const Task& task : tasks)
    if (!can_be_tested(task)) ++counts[task.language];
  std::vector<std::string> out;
  for (const auto& [key, count] : counts) {
    const TaskLanguage* language = language_called(key);
    const std::string why = language ? fmt::format("there is no '{}' in PATH", missing_tool(*language)) : "expected Python, CPP, Java, JavaScript or Rust at the beginning of task_id";
    out.push_back(fmt::format("{} in {} without a test: {}", count == 1 ? "1 task" : fmt::format("{} tasks", count), language ? language->name : key, why));
  }
  return out;
}

}  // namespace app

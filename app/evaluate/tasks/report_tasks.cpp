#include "app/evaluate/tasks/report_tasks.h"

#include <functional>
#include <map>

#include "app/evaluate/tasks/languages.h"

namespace app {
namespace {

using base::Json;

TaskSums sums(std::string slice, const std::vector<Task>& tasks, const std::vector<const TaskOutcome*>& outcomes) {
  TaskSums out{.slice = std::move(slice), .tasks = outcomes.size(), .passed_95 = {}};
  std::vector<Draw> draws;
  std::vector<double> times;
  std::size_t passed = 0;
  const double each = outcomes.empty() ? 0 : 1 / double(outcomes.size());
  for (const TaskOutcome* one : outcomes) {
    out.shown += each * one->shown, out.exact += each * one->exact, out.similarity += each * one->similarity;
    times.push_back(one->ms);
    if (one->verdict == Verdict::Untested) ++out.skipped;
    else draws.push_back({std::hash<std::string>{}(tasks[one->task].problem), one->verdict == Verdict::Passed});
    passed += one->verdict == Verdict::Passed;
  }
  out.passed = draws.empty() ? 0 : double(passed) / double(draws.size());
  out.passed_95 = interval_95(draws);
  out.p50_ms = quantile(times, 0.5), out.p95_ms = quantile(times, 0.95);
  return out;
}

std::string percent(double share) { return fmt::format("{:.1f}", share * 100); }

bool tested(const TaskSums& sums) { return sums.tasks > sums.skipped; }

Json to_json(const TaskSums& s) {
  Json pass = nullptr, interval = nullptr;
  if (tested(s)) pass = s.passed, interval = {s.passed_95.low, s.passed_95.high};
  return {{"slice", s.slice}, {"tasks", s.tasks}, {"skipped", s.skipped}, {"pass_at_1", std::move(pass)}, {"pass_at_1_95", std::move(interval)}, {"shown", s.shown},
          {"exact", s.exact}, {"edit_similarity", s.similarity}, {"p50_ms", s.p50_ms}, {"p95_ms", s.p95_ms}};
}

}  // namespace

std::vector<TaskSums> sums_of(const std::vector<Task>& tasks, const TaskTrial& trial) {
  std::vector<const TaskOutcome*> all;
  std::map<std::string, std::vector<const TaskOutcome*>> by_language;
  for (const TaskOutcome& one : trial.outcomes) {
    all.push_back(&one);
    const TaskLanguage* language = language_called(tasks[one.task].language);
    by_language[language ? std::string(language->name) : tasks[one.task].language].push_back(&one);
  }
  std::vector<TaskSums> out = {sums("all", tasks, all)};
  for (const auto& [language, outcomes] : by_language) out.push_back(sums(language, tasks, outcomes));
  return out;
}

std::string table_of_tasks(const std::vector<Task>& tasks, const std::vector<TaskTrial>& trials) {
  std::string out;
  for (const TaskTrial& trial : trials) {
    out += fmt::format("{}\n{:14} {:>6} {:>8} {:>9} {:>13} {:>7} {:>8} {:>8} {:>8} {:>8}\n", trial.name, "", "tasks", "skipped", "pass@1 %", "95 % interval", "shown %",
                       "exact %", "similar", "p50 ms", "p95 ms");
    for (const TaskSums& s : sums_of(tasks, trial))
      out += fmt::format("{:14} {:>6} {:>8} {:>9} {:>13} {:>7} {:>8} {:>8.3f} {:>8.1f} {:>8.1f}\n", s.slice, s.tasks, s.skipped, tested(s) ? percent(s.passed) : "-",
                         tested(s) ? percent(s.passed_95.low) + " - " + percent(s.passed_95.high) : "-", percent(s.shown), percent(s.exact), s.similarity, s.p50_ms, s.p95_ms);
    out += '\n';
  }
  return out;
}

Json to_json(const TaskReport& about, const std::vector<Task>& tasks, const std::vector<TaskTrial>& trials) {
  Json runs = Json::array();
  for (const TaskTrial& trial : trials) {
    Json slices = Json::array();
    for (const TaskSums& one : sums_of(tasks, trial)) slices.push_back(to_json(one));
    runs.push_back({{"name", trial.name}, {"slices", std::move(slices)}});
  }
  return {{"tasks", about.file}, {"seed", about.seed}, {"no_network", about.isolation.network}, {"files_read_only", about.isolation.files}, {"skipped", about.skipped}, {"runs", std::move(runs)}};
}

}  // namespace app

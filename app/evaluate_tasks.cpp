#include "app/evaluate_tasks.h"

#include <algorithm>
#include <thread>

#include "app/command.h"
#include "app/console.h"
#include "app/evaluate/tasks/report_tasks.h"
#include "app/process/interrupt.h"
#include "base/files.h"

namespace app {
namespace {

using base::Result;

constexpr int kMostTokens = 256, kMostLines = 40;  // as long as the longest hole of these tasks

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::Untested: return "skipped";
    case Verdict::Passed: return "passed";
    case Verdict::Failed: return "failed";
  }
  return "unknown";
}

void print_outcomes(const std::vector<Task>& tasks, const TaskTrial& trial) {
  for (const TaskOutcome& one : trial.outcomes)
    print_json({{"task_id", tasks[one.task].id},
                {"run", trial.name},
                {"verdict", verdict_name(one.verdict)},
                {"why", one.why},
                {"wanted", tasks[one.task].canonical},
                {"got", one.shown ? base::Json(one.got) : base::Json(nullptr)},
                {"exact", one.exact},
                {"ms", one.ms}});
}

class Evaluating {
 public:
  Evaluating(const TaskOptions& options, std::vector<Task> tasks, const Confinement& confinement) : o_(options), tasks_(std::move(tasks)), confinement_(confinement) {}

  Result<TaskTrial> run(const std::string& name);
  const std::vector<Task>& tasks() const { return tasks_; }

 private:
  Result<void> test(TaskTrial& trial);

  const TaskOptions& o_;
  std::vector<Task> tasks_;
  const Confinement& confinement_;
  Interrupt interrupt_;
};

Result<TaskTrial> Evaluating::run(const std::string& name) {
  ModelOptions wanted = o_.model;
  wanted.model = name;
  auto model = load_model(wanted);
  if (!model) return base::forward(model);
  lsp::CompletionSettings settings = o_.completion;
  settings.max_tokens = kMostTokens, settings.max_lines = kMostLines;
  const engine::NgramIndex nothing;  // a task is a file without a workspace
  TaskTrial trial{.name = (*model)->name, .outcomes = {}};
  ProgressBar bar(trial.name);
  auto outcomes = answer_tasks(tasks_, {.model = **model, .settings = settings, .workspace = &nothing}, [&](double fraction) { return bar.show(fraction), !interrupt_.asked(); });
  if (!outcomes) return base::forward(outcomes);
  trial.outcomes = *std::move(outcomes);
  model->reset();  // its memory is the tests' now
  if (auto tested = test(trial); !tested) return base::forward(tested);
  return trial;
}

Result<void> Evaluating::test(TaskTrial& trial) {
  ProgressBar bar("running tests");
  const int jobs = o_.jobs > 0 ? o_.jobs : int(std::max(1u, std::thread::hardware_concurrency()));
  return test_tasks(tasks_, {.confinement = confinement_, .seconds = o_.seconds, .jobs = jobs}, trial.outcomes, [&](double fraction) { return bar.show(fraction), !interrupt_.asked(); });
}

}  // namespace

int evaluate_tasks(const TaskOptions& options) {
  auto tasks = read_tasks(options.file);
  if (!tasks) return report(tasks.error());
  const Confinement confinement = Confinement::find();
  if (!confinement.warning().empty()) note(confinement.warning());
  Evaluating evaluating(options, draw_tasks(*std::move(tasks), options.seed, options.most), confinement);
  const TaskReport about{.file = options.file, .seed = options.seed, .isolation = confinement.isolation(), .skipped = skipped_languages(evaluating.tasks())};
  for (const std::string& sentence : about.skipped) note(sentence);
  std::vector<TaskTrial> trials;
  for (const std::string& model : options.models) {
    auto trial = evaluating.run(model);
    if (!trial) return report(trial.error());
    if (options.list) print_outcomes(evaluating.tasks(), *trial);
    trials.push_back(*std::move(trial));
  }
  const base::Json told = to_json(about, evaluating.tasks(), trials);
  if (!options.html.empty()) {
    if (auto done = base::write_file_atomic(options.html, page_of_tasks(told)); !done) return report(done.error());
  }
  if (options.list) return kDone;
  if (options.json) print_json(told);
  else print(table_of_tasks(evaluating.tasks(), trials));
  return kDone;
}

}  // namespace app

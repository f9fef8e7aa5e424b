#include "app/evaluate/tasks/languages.h"
#include "app/evaluate/tasks/run_tasks.h"
#include "lsp/completion/nearby_text.h"

namespace app {
namespace {

// The code around the hole as an editor would hold it: where whole lines are missing, the cursor stands on an empty one.
struct Opened {
  std::shared_ptr<const std::string> text;
  std::size_t cursor = 0;
  std::string after;  // the hole
};

Opened opened(const Task& task) {
  const bool whole_lines = (task.prompt.empty() || task.prompt.ends_with('\n')) && task.canonical.ends_with('\n') && !task.suffix.empty();
  std::string after = (whole_lines ? "\n" : "") + task.suffix;
  return {std::make_shared<const std::string>(task.prompt + after), task.prompt.size(), std::move(after)};
}

lsp::Query query_of(const Task& task, const Opened& code) {
  const TaskLanguage* language = language_called(task.language);
  lsp::Query query;
  query.document = {.uri = fmt::format("file:///task/{}", language ? language->file : "main"), .language_id = std::string(language ? language->editor : ""), .content = code.text};
  query.cursor = code.cursor;
  query.invocation = lsp::Invocation::Explicit;
  return query;
}

void take(const lsp::Suggestion& item, const Task& task, const Opened& code, TaskOutcome& out) {
  out.shown = true;
  out.code = code.text->substr(0, item.begin) + item.text + code.text->substr(item.end);
  const bool around = out.code.size() >= task.prompt.size() + code.after.size() && out.code.starts_with(task.prompt) && out.code.ends_with(code.after);
  out.got = around ? out.code.substr(task.prompt.size(), out.code.size() - task.prompt.size() - code.after.size()) : item.text;
}

}  // namespace

base::Result<std::vector<TaskOutcome>> answer_tasks(const std::vector<Task>& tasks, const Asked& asked, const KeepOn& progress) {
  std::vector<TaskOutcome> out;
  for (const Task& task : tasks) {
    if (!progress(double(out.size()) / double(tasks.size()))) return base::cancelled();
    lsp::NearbyText nearby;
    const Opened code = opened(task);
    const auto completion = lsp::complete(query_of(task, code), {.model = asked.model, .settings = asked.settings, .workspace = asked.workspace, .nearby = &nearby}, {});
    if (!completion) return base::forward(completion, task.id);
    TaskOutcome one{.task = out.size(), .code = *code.text, .ms = completion->timings.total_ms};
    if (!completion->items.empty()) take(completion->items.front(), task, code, one);
    const std::string got = tidied(one.got), wanted = tidied(task.canonical);
    one.exact = one.shown && got == wanted;
    one.similarity = one.shown ? edit_similarity(got, wanted) : 0;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace app

// How good suggestions are: `rigpilot evaluate DIR` by holes in real code, `--tasks FILE` by tests that run.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "app/command.h"
#include "app/console.h"
#include "app/evaluate/page.h"
#include "app/evaluate/report.h"
#include "app/evaluate/run.h"
#include "app/evaluate_tasks.h"
#include "app/load.h"
#include "app/set_option.h"
#include "base/files.h"
#include "lsp/completion/mix_learning.h"

namespace app {
namespace {

constexpr std::size_t kUsualHoles = 500;

struct EvaluateOptions {
  ModelOptions model;
  std::vector<std::string> models;
  std::string folder, tasks, mode, kind, html;
  std::vector<std::string> in;  // holes in these alone
  std::uint64_t seed = 1;
  std::size_t holes = 0;  // 0: 500, or all tasks
  int seconds = 15, jobs = 0;
  bool json = false, list = false;
  std::vector<std::string> set;
  lsp::Settings settings;  // by `set`
};

// One outcome a line, for looking at what goes wrong.
void print_outcomes(const Folder& folder, const Trial& run) {
  for (const Outcome& one : run.outcomes) {
    const SourceFile& file = folder.code[one.hole.file];
    const std::size_t line = std::size_t(std::count(file.text.begin(), file.text.begin() + std::ptrdiff_t(one.hole.begin), '\n')) + 1;
    print_json({{"place", fmt::format("{}:{}", file.path, line)},
                {"kind", hole_kind_name(one.hole.kind)},
                {"run", run.name},
                {"wanted", one.wanted},
                {"got", one.shown ? base::Json(one.got) : base::Json(nullptr)},
                {"exact", one.exact},
                {"confidence", one.confidence},
                {"ms", one.ms}});
  }
}

// As a server does before long: by what was noted, or in idle time by the folder's files.
base::Result<void> learn_mixing(lsp::Model& model, const engine::NgramIndex& index, const Folder& folder) {
  if (model.use_noted_mixing({&folder.root, 1})) return {};
  for (lsp::MixLearner learner; !learner.done();)
    if (auto learned = learner.learn(model, index, {}); !learned) return learned;
  return {};
}

base::Result<Trial> run_one(const EvaluateOptions& options, const std::string& name, const std::string& mode, const Folder& folder, const std::vector<Hole>& holes, const Slices& slices) {
  ModelOptions wanted = options.model;
  wanted.model = name;
  auto model = mode == "copy" ? load_copying_model(wanted) : load_model(wanted);
  if (!model) return base::forward(model);
  engine::NgramIndex index;
  if (mode != "model") index = index_of(folder, *(*model)->tokenizer);
  const lsp::DocumentPaths paths = paths_of(folder);
  lsp::CompletionSettings settings = options.settings.completion;
  settings.mix_workspace = mode == "both" && settings.mix_workspace;
  if (settings.mix_workspace && (*model)->engine->info().architecture != engine::kCopyArchitecture)
    if (auto learned = learn_mixing(**model, index, folder); !learned) return base::forward(learned);
  settings.copy_confidence = 0;  // every answer counts; the curve shows what any threshold would do
  const std::string title = mode == "copy" ? fmt::format("copying, in the ids of {}", (*model)->name) : fmt::format("{}{}", (*model)->name, mode == "both" ? " and copying" : " alone");
  ProgressBar bar(title);
  auto outcomes = answer_holes(folder, holes, slices, {.model = **model, .settings = settings, .workspace = mode == "model" ? nullptr : &index, .paths = &paths}, [&](double fraction) { bar.show(fraction); });
  if (!outcomes) return base::forward(outcomes);
  return Trial{.name = title, .model = (*model)->name, .mode = mode, .outcomes = *std::move(outcomes)};
}

// Leaves only the code in `parts`: files or folders, as they are called within the folder. All of it may still be copied from.
base::Result<void> cut_only_in(const std::vector<std::string>& parts, Folder& folder) {
  if (parts.empty()) return {};
  const auto within = [&](const std::string& part) {
    return [name = std::filesystem::path(part).lexically_normal().string()](const SourceFile& file) {
      const bool whole = name.ends_with('/') || file.path.size() == name.size() || (file.path.size() > name.size() && file.path[name.size()] == '/');
      return file.path.starts_with(name) && whole;
    };
  };
  for (const std::string& part : parts)
    if (std::ranges::none_of(folder.code, within(part)))
      return base::fail(base::ErrorCode::NotFound, "--in {}: no source code in {} is called so, or lies in a folder called so", part, folder.root.string());
  std::erase_if(folder.code, [&](const SourceFile& file) { return std::ranges::none_of(parts, [&](const std::string& part) { return within(part)(file); }); });
  return {};
}

std::vector<Hole> holes_of(const EvaluateOptions& options, const Folder& folder) {
  const std::size_t most = options.holes > 0 ? options.holes : kUsualHoles;
  if (options.kind.empty()) return cut_holes(folder.code, options.seed, most);
  for (const HoleKind kind : kHoleKinds)
    if (options.kind == hole_kind_name(kind)) return cut_holes_of(folder.code, kind, options.seed, most);
  return {};
}

std::vector<std::string> models_of(const EvaluateOptions& options) {
  return options.models.empty() || !options.model.engine.empty() ? std::vector<std::string>{"none"} : options.models;
}

int evaluate_code(const EvaluateOptions& options) {
  auto folder = read_folder(options.folder);
  if (!folder) return report(folder.error());
  if (auto cut = cut_only_in(options.in, *folder); !cut) return report(cut.error());
  const std::vector<Hole> holes = holes_of(options, *folder);
  const Slices slices(*folder);
  std::vector<Trial> runs;
  for (const std::string& model : models_of(options)) {
    const bool copies = model == "none" && options.model.engine.empty();
    const std::string mode = !options.mode.empty() ? options.mode : copies ? "copy" : "both";
    auto run = run_one(options, model, mode, *folder, holes, slices);
    if (!run) return report(run.error());
    if (options.list) print_outcomes(*folder, *run);
    runs.push_back(*std::move(run));
  }
  if (options.list) return kDone;
  if (!options.html.empty()) {
    if (auto done = base::write_file_atomic(options.html, page_of(to_json(runs, options.folder, options.seed))); !done) return report(done.error());
  }
  if (options.json) print_json(to_json(runs, options.folder, options.seed));
  else print(fmt::format("{} files, {} with holes in them\n\n{}", folder->pool.size(), folder->code.size(), table(runs)));
  return kDone;
}

int evaluate(EvaluateOptions& options) {
  auto settings = settings_of(options.set);
  if (!settings) return report(settings.error());
  options.settings = *std::move(settings);
  if (options.tasks.empty() == options.folder.empty()) return wrong_use("expected one of DIR and --tasks FILE");
  if (options.tasks.empty()) return evaluate_code(options);
  if (!options.mode.empty() || !options.kind.empty() || !options.in.empty()) return wrong_use("--mode, --kind and --in are for holes in the code of DIR: expected none of them with --tasks");
  return evaluate_tasks({.model = options.model, .models = models_of(options), .file = options.tasks, .html = options.html, .seed = options.seed, .most = options.holes,
                         .seconds = options.seconds, .jobs = options.jobs, .json = options.json, .list = options.list, .completion = options.settings.completion});
}

}  // namespace

void add_evaluate(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("evaluate", "How good suggestions are: holes in a folder's code, or tasks with tests.");
  auto options = std::make_shared<EvaluateOptions>();
  command.add_option("DIR", options->folder, "the folder whose code is measured on");
  command.add_option("--tasks", options->tasks, "in place of DIR: a file of tasks, as HumanEval-Infilling and HumanEval-X-FIM have them (JSON lines, or those packed by gzip)")
      ->type_name("FILE");
  command.add_option("--seed", options->seed, "another number gives other holes, and other tasks with --holes (default 1)")->type_name("S");
  command.add_option("--holes", options->holes, "how many (default 500, or all tasks)")->type_name("N")->check(CLI::Range(1, 1'000'000));
  command.add_option("--kind", options->kind, "holes of one kind only")->check(CLI::IsMember({"rest of line", "line start", "after a mark", "block"}));
  command.add_option("--in", options->in, "holes in this file or folder of DIR alone, copied from is all of it; may be given several times")->type_name("PATH");
  command.add_option("--model,-m", options->models, "as everywhere, or none: copying alone; may be given several times (default none)")->type_name("MODEL");
  command.add_option("--mode", options->mode, "what makes suggestions: copy (from the folder), model, or both (default: both, without a model copy)")
      ->check(CLI::IsMember({"copy", "model", "both"}));
  command.add_flag("--json", options->json, "one line of JSON");
  command.add_option("--html", options->html, "also a page with charts, all models side by side, in one file")->type_name("FILE");
  command.add_flag("--list", options->list, "each hole as a line of JSON: what was wanted and what was suggested");
  command.add_option("--timeout", options->seconds, "seconds that the tests of one task may take (default 15)")->type_name("S")->check(CLI::Range(1, 3600));
  command.add_option("--jobs", options->jobs, "tasks whose tests run at a time (default: one a core)")->type_name("N")->check(CLI::Range(1, 1024));
  add_set_option(command, options->set);
  add_engine_option(command, options->model);
  add_device_options(command, options->model);
  command.footer(R"(Holes: a file is hidden from the index while it is asked about, and the suggestion is compared with what stood there.

Tasks: each line of FILE has task_id, prompt, suffix, canonical_solution (or canonical) and test. The suggestion is put between prompt and
suffix, and all of that with the test is built and run: Python, C++, Java, JavaScript and Rust, by the first part of task_id, where
python3, c++, javac and java, node, rustc are installed; other tasks are told of and skipped. pass@1 is the share of tasks that pass. What runs
has no network, writes only to a folder of its own, and ends with all it began when its time is over, where the kernel lets a
user make namespaces; `rigpilot evaluate` says where it does not. --list tells of each task why it failed.

Examples:
  rigpilot evaluate ~/src/project --model default --html page.html
  rigpilot evaluate --tasks HumanEval-SingleLineInfilling.jsonl.gz --model default --holes 100)");
  command.callback([options, &run] { run = [options] { return evaluate(*options); }; });
}

}  // namespace app

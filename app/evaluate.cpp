// How good suggestions are in real code: `rigpilot evaluate DIR`.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "app/command.h"
#include "app/console.h"
#include "app/evaluate/page.h"
#include "app/evaluate/report.h"
#include "app/evaluate/run.h"
#include "app/load.h"
#include "base/files.h"

namespace app {
namespace {

struct EvaluateOptions {
  ModelOptions model;
  std::vector<std::string> models;
  std::string folder, mode, kind, html;
  std::uint64_t seed = 1;
  std::size_t holes = 500;
  bool json = false, list = false;
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

base::Result<Trial> run_one(const EvaluateOptions& options, const std::string& name, const std::string& mode, const Folder& folder, const std::vector<Hole>& holes, const Slices& slices) {
  ModelOptions wanted = options.model;
  wanted.model = name;
  auto model = mode == "copy" ? load_copying_model(wanted) : load_model(wanted);
  if (!model) return base::forward(model);
  engine::NgramIndex index;
  if (mode != "model") index = index_of(folder, *(*model)->tokenizer);
  lsp::CompletionSettings settings;
  settings.mix_workspace = mode == "both";
  settings.copy_confidence = 0;  // every answer counts; the curve shows what any threshold would do
  const std::string title = mode == "copy" ? fmt::format("copying, in the ids of {}", (*model)->name) : fmt::format("{}{}", (*model)->name, mode == "both" ? " and copying" : " alone");
  ProgressBar bar(title);
  auto outcomes = answer_holes(folder, holes, slices, {.model = **model, .settings = settings, .workspace = mode == "model" ? nullptr : &index}, [&](double fraction) { bar.show(fraction); });
  if (!outcomes) return base::forward(outcomes);
  return Trial{.name = title, .model = (*model)->name, .mode = mode, .outcomes = *std::move(outcomes)};
}

std::vector<Hole> holes_of(const EvaluateOptions& options, const Folder& folder) {
  if (options.kind.empty()) return cut_holes(folder.code, options.seed, options.holes);
  for (const HoleKind kind : kHoleKinds)
    if (options.kind == hole_kind_name(kind)) return cut_holes_of(folder.code, kind, options.seed, options.holes);
  return {};
}

int evaluate(const EvaluateOptions& options) {
  auto folder = read_folder(options.folder);
  if (!folder) return report(folder.error());
  const std::vector<Hole> holes = holes_of(options, *folder);
  const Slices slices(*folder);
  std::vector<Trial> runs;
  const std::vector<std::string> models = options.models.empty() ? std::vector<std::string>{"none"} : options.models;
  for (const std::string& model : models) {
    const std::string mode = !options.mode.empty() ? options.mode : model == "none" ? "copy" : "both";
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

}  // namespace

void add_evaluate(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("evaluate", "How good suggestions are: holes cut into the code of a folder, and what is suggested there.");
  auto options = std::make_shared<EvaluateOptions>();
  command.add_option("DIR", options->folder, "the folder whose code is measured on")->required();
  command.add_option("--seed", options->seed, "another number gives other holes (default 1)")->type_name("S");
  command.add_option("--holes", options->holes, "how many (default 500)")->type_name("N")->check(CLI::Range(1, 1'000'000));
  command.add_option("--kind", options->kind, "holes of one kind only")->check(CLI::IsMember({"rest of line", "line start", "after a mark", "block"}));
  command.add_option("--model,-m", options->models, "as everywhere, or none: copying alone; may be given several times (default none)")->type_name("MODEL");
  command.add_option("--mode", options->mode, "what makes suggestions: copy (from the folder), model, or both (default: both, without a model copy)")
      ->check(CLI::IsMember({"copy", "model", "both"}));
  command.add_flag("--json", options->json, "one line of JSON");
  command.add_option("--html", options->html, "also a page with charts, all models side by side, in one file")->type_name("FILE");
  command.add_flag("--list", options->list, "each hole as a line of JSON: what was wanted and what was suggested");
  add_device_options(command, options->model);
  command.callback([options, &run] { run = [options] { return evaluate(*options); }; });
}

}  // namespace app

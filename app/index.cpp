// The index of a workspace, made or brought up to date: `rigpilot index`.
#include <chrono>
#include <filesystem>

#include "app/command.h"
#include "app/console.h"
#include "app/load.h"
#include "app/workspace.h"
#include "base/files.h"
#include "lsp/index/file_choice.h"
#include "lsp/index/walk.h"

namespace app {
namespace {

namespace fs = std::filesystem;

struct IndexOptions {
  ModelOptions model;
  std::string folder = ".";
  bool json = false, files = false;
};

// What is learned, or why a file is not, as far as its text tells.
int list_files(const fs::path& root) {
  lsp::walk(root, [&](const lsp::FileFound& found) {
    const auto text = base::read_file(root / found.path);
    if (text && lsp::text_refused(*text).empty()) print(found.path + "\n");
  });
  return kDone;
}

int index_folder(const IndexOptions& options) {
  std::error_code problem;
  const fs::path root = fs::canonical(options.folder, problem);
  if (problem || !fs::is_directory(root)) return report({base::ErrorCode::NotFound, fmt::format("{}: is not a folder", options.folder)});
  if (options.files) return list_files(root);
  auto model = load_copying_model(options.model);
  if (!model) return report(model.error());
  const auto start = std::chrono::steady_clock::now();
  auto index = read_workspace(root, (*model)->tokenizer);
  if (!index) return report(index.error());
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  const engine::NgramIndex found = (*index)->index();
  if (options.json) {
    print_json({{"folder", root.string()}, {"files", (*index)->files()}, {"tokens", found.live_tokens()}, {"bytes", found.bytes()}, {"parts", found.parts().size()},
                {"kept_in", lsp::index_folder(root).string()}, {"ms", ms}});
    return kDone;
  }
  print(fmt::format("{} files, {} tokens, {} in {}, {:.1f} s\n", (*index)->files(), found.live_tokens(), human_bytes(double(found.bytes())), lsp::index_folder(root).string(), ms / 1000));
  return kDone;
}

}  // namespace

void add_index(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("index", "Learns a workspace's files, so that suggestions can copy from them; what is known is only refreshed.");
  auto options = std::make_shared<IndexOptions>();
  options->model.model = "none";
  command.add_option("DIR", options->folder, "the workspace (default: this folder)");
  command.add_option("--model,-m", options->model.model, "whose vocabulary is used (default none: Rigpilot's own)")->type_name("MODEL");
  command.add_flag("--json", options->json, "one line of JSON");
  command.add_flag("--files", options->files, "only list the files that are learned");
  command.footer(R"(The language server does this by itself. Files that .gitignore names are left out, and so are binary, generated and
minified ones, those over 1 MB, and those that look like or hold a secret. The index lies below ~/.cache/rigpilot/index.)");
  command.callback([options, &run] { run = [options] { return index_folder(*options); }; });
}

}  // namespace app

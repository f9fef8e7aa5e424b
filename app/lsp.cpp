// The language server on standard input and output: `rigpilot lsp`.
#include <unistd.h>

#include <memory>

#include "app/command.h"
#include "app/console.h"
#include "app/load.h"
#include "app/store.h"
#include "base/log.h"
#include "lsp/server.h"
#include "lsp/transport/stdio.h"

namespace app {
namespace {

struct LspOptions {
  ModelOptions model;
  std::string log_level = "info";
  bool stdio = false;
  std::string client_process;
};

std::vector<lsp::ModelChoice> model_choices() {
  std::vector<lsp::ModelChoice> out;
  for (const StoredModel& model : list_models())
    out.push_back({model.name, fmt::format("{}, {} MB", model.format, model.bytes / 1'000'000)});
  return out;
}

// The same device and precision, another model; a scripted engine's name is its file.
lsp::ModelLoader load_named(ModelOptions options, const std::string& name) {
  if (options.engine.empty()) options.model = name;
  else options.engine = fmt::format("scripted:{}", name);
  return model_loader(options);
}

int serve(const LspOptions& options) {
  // Nothing but the protocol may reach the client: what a library prints goes to stderr.
  const int out = ::dup(STDOUT_FILENO);
  if (out < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return report({base::ErrorCode::Failed, "stdout: is not open"});
  lsp::StdioTransport transport(STDIN_FILENO, out);
  base::Logger log(base::parse_log_level(options.log_level).value_or(base::LogLevel::Info));
  return lsp::run_server(transport,
                         {.name = "rigpilot",
                          .version = RIGPILOT_VERSION,
                          .list_models = model_choices,
                          .load_named = [model = options.model](std::string name) { return load_named(model, name); }},
                         model_loader(options.model), log);
}

}  // namespace

void add_lsp(CLI::App& program, Run& run) {
  CLI::App& command =
      *program.add_subcommand("lsp", "The language server on stdin and stdout, for an editor to start.");
  auto options = std::make_shared<LspOptions>();
  add_model_options(command, options->model);
  add_engine_option(command, options->model);
  command
      .add_option("--log-level", options->log_level,
                  "what is told on stderr and to the editor: error, warning, info or debug (default info)")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"error", "warning", "info", "debug"}));
  command.add_flag("--stdio", options->stdio,
                   "accepted, as editors pass it: stdin and stdout are what is used anyway");
  command.add_option("--clientProcessId", options->client_process)
      ->group("");  // some editors pass it; `initialize` says it too
  command.footer(
      R"(The editor starts this; by hand it waits for messages. The model is loaded once the editor has said hello.

Neovim 0.12:  vim.lsp.config('rigpilot', { cmd = { 'rigpilot', 'lsp' }, root_markers = { '.git' } })
              vim.lsp.enable('rigpilot'); vim.lsp.inline_completion.enable()
A model of your choice:  rigpilot lsp --model ~/models/some-coder.Q4_K_M.gguf)");
  command.callback([options, &run] { run = [options] { return serve(*options); }; });
}

}  // namespace app

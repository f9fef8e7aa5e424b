// The language server on standard input and output: `rigpilot lsp`.
#include <unistd.h>

#include <chrono>
#include <memory>

#include "app/adapters.h"
#include "app/command.h"
#include "app/console.h"
#include "app/finetune_child.h"
#include "app/load.h"
#include "app/store.h"
#include "base/log.h"
#include "lsp/mux/child_process.h"
#include "lsp/mux/mux.h"
#include "lsp/server.h"
#include "lsp/transport/memory.h"
#include "lsp/transport/stdio.h"

namespace app {
namespace {

constexpr int kMuxPopupWaitMs = 300;
constexpr std::chrono::milliseconds kChildPatience{500};

struct LspOptions {
  ModelOptions model;
  std::string log_level = "info";
  bool stdio = false;
  std::string client_process;
  bool mux = false;
  std::vector<std::string> child;  // the language server's command, with --mux
};

std::vector<lsp::ModelChoice> model_choices() {
  std::vector<lsp::ModelChoice> out;
  std::vector<StoredModel> models = list_models();
  if (auto own = default_model()) models.insert(models.begin(), *std::move(own));
  for (const StoredModel& model : models)
    out.push_back({model.name, fmt::format("{}, {} MB", model.format, model.bytes / 1'000'000)});
  return out;
}

// The model alone: its draft model follows, as the settings say.
lsp::ModelLoader loader_of(ModelOptions options) {
  options.draft.clear();
  return model_loader(options);
}

// The same device and precision, another model; a scripted engine's name is its file.
lsp::ModelLoader load_named(ModelOptions options, const std::string& name) {
  options.adapter.clear();  // it was another model's
  if (options.engine.empty()) options.model = name;
  else options.engine = fmt::format("scripted:{}", name);
  return loader_of(options);
}

lsp::ServerOptions server_options(const LspOptions& options) {
  lsp::ServerOptions out{.name = "rigpilot",
                         .version = RIGPILOT_VERSION,
                         .list_models = model_choices,
                         .load_named = [model = options.model](std::string name) { return load_named(model, name); },
                         .use_draft = use_draft,
                         .workspace_adapter = installed_adapter,
                         .tune = finetune_child(options.model)};
  out.settings.model.adapter = options.model.adapter;
  out.settings.model.draft = options.model.draft;
  // Whoever needs --mux has one server for everything, and a menu that waits for that server anyway.
  if (options.mux) out.settings.completion.popup_wait_ms = kMuxPopupWaitMs;
  return out;
}

int serve_beside(const LspOptions& options, lsp::Transport& editor, base::Logger& log) {
  const lsp::OwnServer own = [&](lsp::Transport& transport) {
    return lsp::run_server(transport, server_options(options), loader_of(options.model), log);
  };
  auto child = lsp::ChildProcess::start(options.child, log);
  if (child) {
    const auto ended = [&] { return (*child)->end(kChildPatience); };
    return lsp::run_mux(editor, {(*child)->transport(), (*child)->name(), ended}, own, log);
  }
  auto [ours, nobody] = lsp::memory_pair();
  ours->close();
  return lsp::run_mux(editor, {*ours, "the language server", [&] { return child.error().message; }}, own, log);
}

int serve(const LspOptions& options) {
  // Nothing but the protocol may reach the client: what a library prints goes to stderr.
  const int out = ::dup(STDOUT_FILENO);
  if (out < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return report({base::ErrorCode::Failed, "stdout: is not open"});
  if (options.mux == options.child.empty()) {
    report({base::ErrorCode::InvalidInput, options.mux ? "--mux: expected a language server's command after it, as in '--mux -- clangd'"
                                                       : "a language server's command is only taken after --mux"});
    return kWrongUse;
  }
  lsp::StdioTransport transport(STDIN_FILENO, out);
  base::Logger log(base::parse_log_level(options.log_level).value_or(base::LogLevel::Info));
  if (options.mux) return serve_beside(options, transport, log);
  return lsp::run_server(transport, server_options(options), loader_of(options.model), log);
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
  command.add_flag("--mux", options->mux, "one server for an editor that takes one a buffer: starts CMD, passes everything on, adds the suggestions");
  command.add_option("CMD", options->child, "with --mux: the language server and its arguments, after '--'")->expected(-1);
  command.footer(
      R"(The editor starts this; by hand it waits for messages. The model is loaded once the editor has said hello.

Neovim 0.12:  vim.lsp.config('rigpilot', { cmd = { 'rigpilot', 'lsp' }, root_markers = { '.git' } })
              vim.lsp.enable('rigpilot'); vim.lsp.inline_completion.enable()
Emacs, with Eglot and clangd as one server:  rigpilot lsp --mux -- clangd
A model of your choice:  rigpilot lsp --model ~/models/some-coder.Q4_K_M.gguf)");
  command.callback([options, &run] { run = [options] { return serve(*options); }; });
}

}  // namespace app

// main.cpp: the `rigpilot` command: a table of subcommands, and the place where foreign exceptions end.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "app/command.h"
#include "app/console.h"

namespace app {
namespace {

constexpr void (*kCommands[])(CLI::App&, Run&) = {add_lsp,    add_complete, add_generate, add_score,
                                                  add_tokens, add_model,    add_doctor, add_bench,   add_index, add_evaluate, add_settings,
                                                  add_train, add_finetune, add_train_tokenizer};

constexpr const char* kExamples = R"(Examples:
  rigpilot doctor                                  what this machine offers, and what to mend
  rigpilot model list                              the models it has
  rigpilot complete src/main.cpp:12:5              one suggestion, at line 12, column 5
  rigpilot lsp                                     the language server, for an editor to start
  rigpilot generate --prompt 'def fibonacci(n):'   plain continuation

Results go to stdout, everything else to stderr. Exit code: 0 done, 1 failed, 2 wrong use.
Each command explains itself: rigpilot COMMAND --help.)";

// CLI11 only says that a command is required where one is misspelt.
std::string unknown_command(const CLI::App& program, int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "-";
  if (first.starts_with('-')) return {};
  std::string known;
  for (const CLI::App* command : program.get_subcommands(nullptr)) {
    if (command->get_name() == first) return {};
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  return fmt::format("'{}': there is no such command, but {}", first, known);
}

int run(int argc, char** argv) {
  CLI::App program("Inline code suggestions from a language model on your own machine.", "rigpilot");
  program.set_version_flag("--version", "rigpilot " RIGPILOT_VERSION);
  program.require_subcommand(1);
  program.failure_message(CLI::FailureMessage::simple);
  program.footer(kExamples);
  Run chosen;
  for (const auto add : kCommands) add(program, chosen);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
      return program.exit(problem);  // --help, --version
    if (argc <= 1) {
      fmt::print(stderr, "{}", program.help());
      return kWrongUse;
    }
    const std::string unknown = unknown_command(program, argc, argv);
    return wrong_use(unknown.empty() ? problem.what() : unknown);
  }
  const int code = chosen();
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return report({base::ErrorCode::Failed, "stdout: cannot be written"});
  return code;
}

}  // namespace
}  // namespace app

int main(int argc, char** argv) {
  // libtorch's threads must sleep, not spin, while they wait for each other: where something else keeps the
  // cores busy, as an editor's other servers do, spinning took 40 times as long for a token. OpenMP reads
  // this when it is first loaded.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  try {
    return app::run(argc, argv);
  } catch (const std::bad_alloc&) {
    return app::report({base::ErrorCode::OutOfMemory, "this machine has not enough memory for that"});
  } catch (const std::exception& problem) {
    return app::report({base::ErrorCode::Failed, problem.what()});
  }
}

// command.h: what a subcommand of `rigpilot` is: a function that declares its options and leaves behind what
// to run. Each app/NAME.cpp defines one add_NAME(); main.cpp holds the table of them. Results go to stdout,
// all else to stderr. What is left behind returns the exit code: kDone, kFailed or kWrongUse.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace app {

constexpr int kDone = 0, kFailed = 1, kWrongUse = 2;

using Run = std::function<int()>;

// Declares a subcommand on `program`; when the command line names it, `run` is set.
void add_lsp(CLI::App& program, Run& run);
void add_complete(CLI::App& program, Run& run);
void add_generate(CLI::App& program, Run& run);
void add_score(CLI::App& program, Run& run);
void add_tokens(CLI::App& program, Run& run);
void add_model(CLI::App& program, Run& run);
void add_doctor(CLI::App& program, Run& run);
void add_bench(CLI::App& program, Run& run);
void add_index(CLI::App& program, Run& run);
void add_evaluate(CLI::App& program, Run& run);
void add_settings(CLI::App& program, Run& run);
void add_train(CLI::App& program, Run& run);
void add_finetune(CLI::App& program, Run& run);
void add_train_tokenizer(CLI::App& program, Run& run);

}  // namespace app

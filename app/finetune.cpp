// A model that learns somebody's code, or messages: `rigpilot finetune`.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "app/command.h"
#include "app/console.h"
#include "app/finetune_run.h"

namespace app {
namespace {

base::Json to_json(const Measured& m) {
  return {{"holes", m.holes}, {"exact", m.exact}, {"exact_95", {m.exact_95.low, m.exact_95.high}}, {"shown", m.shown},
          {"edit_similarity", m.similarity}, {"characters_saved", m.characters_saved}};
}

base::Json data_of(const FinetuneOutcome& outcome) {
  if (outcome.messages)
    return {{"conversations", outcome.messages->conversations}, {"held_out_conversations", outcome.messages->held_out_conversations}, {"bytes", outcome.messages->bytes}};
  const Dataset& d = outcome.data;
  return {{"files", d.files}, {"earlier_versions", d.versions}, {"replayed", d.replayed}, {"near_duplicates", d.near_duplicates}, {"bytes", d.bytes}};
}

base::Json to_json(const FinetuneOutcome& outcome) {
  const engine::TrainReport& t = outcome.training;
  base::Json out = {{"path", outcome.out.string()}, {"installed", outcome.installed}, {"why", outcome.why}, {"loss", {{"before", t.first_loss}, {"after", t.best_loss}}},
                    {"steps", t.steps}, {"best_step", t.best_step}, {"tokens", t.tokens}, {"trained_parameters", t.parameters}, {"data", data_of(outcome)}};
  if (outcome.messages) return out;
  out["before"] = to_json(outcome.before), out["after"] = to_json(outcome.after);
  out["held_out"] = base::Json::array(), out["validation"] = base::Json::array();
  for (const SourceFile& file : outcome.data.measured_files) out["held_out"].push_back(file.path);
  for (const SourceFile& file : outcome.data.validation_files) out["validation"].push_back(file.path);
  out["mixing"] = {{"bias", outcome.mixing.bias}, {"certainty", outcome.mixing.certainty}, {"length", outcome.mixing.length}};
  return out;
}

std::string data_sentence(const FinetuneOutcome& outcome) {
  if (const auto& m = outcome.messages) return fmt::format("{} conversations ({}) to train on; {} held out", m->conversations, human_bytes(double(m->bytes)), m->held_out_conversations);
  const Dataset& d = outcome.data;
  return fmt::format("{} files, {} earlier versions and {} replayed documents ({}) to train on, {} nearly the same left out; {} files held out to measure by, {} to choose by", d.files, d.versions, d.replayed,
                     human_bytes(double(d.bytes)), d.near_duplicates, d.measured_files.size(), d.validation_files.size());
}

std::string table(const FinetuneOutcome& outcome) {
  const engine::TrainReport& t = outcome.training;
  const std::string where = outcome.messages ? "at what is held out" : fmt::format("at {} held-out holes", outcome.before.holes);
  std::string out = fmt::format("{}\n{} steps, {} tokens; the best is that of step {}\n\n{:28} {:>8} {:>8}\n", data_sentence(outcome), t.steps, t.tokens, t.best_step, where, "before", "after");
  const auto row = [&](const char* name, double before, double after, int digits) { out += fmt::format("{:28} {:>8.{}f} {:>8.{}f}\n", name, before, digits, after, digits); };
  if (!outcome.messages) {
    row("exact, %", 100 * outcome.before.exact, 100 * outcome.after.exact, 1);
    row("edit similarity", outcome.before.similarity, outcome.after.similarity, 3);
    row("characters saved, %", 100 * outcome.before.characters_saved, 100 * outcome.after.characters_saved, 1);
  }
  row("loss, nats a token", t.first_loss, t.best_loss, 4);
  return out;
}

base::Result<void> check(const FinetuneOptions& o) {
  const auto wrong = [](const char* name, const auto& value, const char* expected) {
    return base::fail(base::ErrorCode::InvalidInput, "--{} {}: expected {}", name, value, expected);
  };
  if (o.code.empty() == o.messages.empty()) return base::fail(base::ErrorCode::InvalidInput, "expected one of --code DIR and --messages FILE");
  if (!o.messages.empty() && (!o.replay.empty() || o.no_history || o.keep_worse)) return base::fail(base::ErrorCode::InvalidInput, "--replay, --no-history and --keep-worse are for --code");
  if (o.rate < 0) return wrong("rate", o.rate, "more than 0");
  if (!(o.held_out > 0 && o.held_out < 1)) return wrong("held-out", o.held_out, "a share between 0 and 1");
  if (!(o.replay_share >= 0 && o.replay_share < 1)) return wrong("replay-share", o.replay_share, "a share below 1");
  if (!(o.epochs > 0)) return wrong("epochs", o.epochs, "more than 0");
  if (!(o.blend > 0 && o.blend <= 1)) return wrong("blend", o.blend, "more than 0 and at most 1");
  if (!o.modules.empty() && o.lora == 0) return base::fail(base::ErrorCode::InvalidInput, "--modules are for --lora");
  return {};
}

// The server's training ends when the server does, however that is killed.
bool end_with(int parent) {
  if (parent == 0) return true;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  return ::getppid() == parent;  // otherwise it was gone before that
}

int finetune(const FinetuneOptions& options) {
  if (!end_with(options.parent)) return kFailed;
  if (auto fine = check(options); !fine) return wrong_use(fine.error().message);
  auto outcome = [&] {
    FinetuneProgress progress(options.progress_json);
    return run_finetune(options, progress);
  }();
  if (!outcome) return report(outcome.error());
  if (options.json || options.progress_json) print_json(to_json(*outcome));
  else print(table(*outcome));
  if (outcome->installed) {
    note(fmt::format("{} is in place", outcome->out.string()));
    return kDone;
  }
  return report({base::ErrorCode::Failed, fmt::format("nothing is installed: {}{}", outcome->why, outcome->out.empty() ? "" : "; what was learned lies in " + outcome->out.string())});
}

}  // namespace

void add_finetune(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("finetune", "Teach a model a folder's code, or your messages: an adapter, or all of its weights.");
  auto options = std::make_shared<FinetuneOptions>();
  FinetuneOptions& o = *options;
  command.add_option("--code", o.code, "the folder whose code is learned, with its git history")->type_name("DIR");
  command.add_option("--messages", o.messages, "in place of --code: text messages as programs export them, JSON or CSV, which are learned as conversations")->type_name("FILE");
  command.add_option("--lora", o.lora, "train an adapter of this rank beside the model, which stays as it is; without it all weights are trained")
      ->type_name("RANK")->check(CLI::Range(1, 1024));
  command.add_option("--out,-o", o.out, "the folder that gets the adapter (without it: the workspace's own, which the server uses) or the model")->type_name("FOLDER");
  add_model_options(command, o.model);
  const auto group = [&](CLI::Option* option, const char* type) { option->type_name(type)->group("Settings"); };
  group(command.add_option("--epochs", o.epochs, "how often all is seen (default 3)"), "X");
  group(command.add_option("--steps", o.steps, "how many steps in all, in place of --epochs"), "N");
  group(command.add_option("--minutes", o.minutes, "stop training after so long, with the best so far"), "X");
  group(command.add_option("--rate", o.rate, "learning rate at its highest (default 1e-3 with --lora, else 3e-4)"), "X");
  group(command.add_option("--blend", o.blend, "where all weights are trained: how far from the model as it was to the trained one the result lies; 1: all the way, less forgets less (default 0.7)"), "X");
  group(command.add_option("--alpha", o.alpha, "the adapter's product is scaled by alpha / rank (default twice the rank)"), "X");
  group(command.add_option("--modules", o.modules, "which matrices get an adapter, by the last part of their names (default all)")->delimiter(','), "NAMES");
  group(command.add_option("--held-out", o.held_out, "share of the files or conversations that is not trained on but chosen and measured by (default 0.15)"), "X");
  group(command.add_option("--replay", o.replay, "files, folders or shards of what the model was trained on before, so that it forgets less"), "PATH");
  group(command.add_option("--replay-share", o.replay_share, "how much of all that is trained on comes from there (default 0.15)"), "X");
  group(command.add_option("--patience", o.patience, "looks at the held-out files without a lower loss before it ends (default 4)"), "N");
  group(command.add_option("--context", o.context, "longest sequence, in tokens (default 512)")->check(CLI::Range(16, 1 << 20)), "N");
  group(command.add_option("--step-tokens", o.step_tokens, "tokens a step (default 4096)")->check(CLI::Range(1, 1 << 30)), "N");
  group(command.add_option("--micro-tokens", o.micro_tokens, "of them, how many at a time: what memory holds (default 2048)")->check(CLI::Range(1, 1 << 30)), "N");
  group(command.add_option("--train-dtype", o.dtype, "of matrix products in training: auto (bf16 where the device multiplies it by itself, else f32), bf16 or f32 (default auto)")->check(CLI::IsMember({"auto", "bf16", "f32"})), "DTYPE");
  group(command.add_option("--holes", o.holes, "held-out holes to measure by (default 200)")->check(CLI::Range(1, 1'000'000)), "N");
  group(command.add_option("--seed", o.seed, "another seed, other held-out files and another order"), "N");
  command.add_flag("--no-history", o.no_history, "leave the git history out")->group("Settings");
  command.add_flag("--recompute", o.recompute, "keep only the blocks' inputs for the way back: less memory, a third more work")->group("Settings");
  command.add_flag("--keep-worse", o.keep_worse, "put it in place even where fewer suggestions are exact")->group("Settings");
  command.add_flag("--json", o.json, "one line of JSON at the end");
  command.add_flag("--progress-json", o.progress_json)->group("");  // for the language server: progress as lines of JSON on stdout
  command.add_option("--parent", o.parent)->group("");                // its process
  command.footer(R"(Files are those that the workspace's index takes: what .gitignore names, secrets, generated and minified files stay out. Some files are
held out; at holes in them suggestions are measured before and after, and what made them worse is not put in place. Ctrl-C ends
the training with the best so far; again, or at another time, it ends the program and nothing is left.

Messages are measured by the loss of held-out conversations alone: what lowers it is put in place.

Examples:
  rigpilot finetune --model my-model --code ~/src/project --lora 16
  rigpilot finetune --model my-model --code ~/src/project --out my-model-for-project
  rigpilot finetune --model gpt2 --messages messages.json --lora 16 --out me)");
  command.callback([options, &run] { run = [options] { return finetune(*options); }; });
}

}  // namespace app

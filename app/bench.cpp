// How fast a model runs here, alone or beside llama.cpp on the same file: `rigpilot bench`.
#include <algorithm>
#include <fstream>
#include <optional>
#include <random>

#include "app/bench_drafts.h"
#include "app/bench_keystrokes.h"
#include "app/command.h"
#include "app/console.h"
#include "app/load.h"
#include "app/measure/page.h"
#include "app/measure/rival.h"
#include "app/store.h"
#include "base/files.h"
#include "base/machine.h"

namespace app {
namespace {

using base::Json;
using tokenizer::TokenId;

struct BenchOptions {
  ModelOptions model;
  std::string rival, python = "python3", script, html;
  int runs = 5, tokens = 32;
  std::vector<int> prefill{64, 512, 2048}, decode{0, 1024};
  bool json = false;
  KeystrokeOptions keystrokes;
  std::string drafts;
};

// What is timed: the prompt alone, or the tokens after it.
struct Task {
  bool decodes;
  int prompt;
  std::string name() const {
    return decodes ? fmt::format("decode at {}", prompt) : fmt::format("prefill {}", prompt);
  }
};

struct Samples {
  std::vector<double> ours, rivals;  // tokens a second
  std::vector<double> first, rivals_first;  // ms from the prompt to its first token
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double best(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

// The most memory this process has held: resident, the mapped libraries included.
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) * 1024;
  return 0;
}

// Different ids each time, so that nothing kept from an earlier prompt helps.
std::vector<TokenId> random_prompt(std::mt19937& random, int count, std::int64_t vocabulary) {
  std::uniform_int_distribution<TokenId> any(0, TokenId(vocabulary - 1));
  std::vector<TokenId> ids(static_cast<std::size_t>(std::max(1, count)));
  for (TokenId& id : ids) id = any(random);
  return ids;
}

struct Timing {
  double prefill_ms, decode_ms;
};

void record(const Task& task, const Timing& timing, std::size_t prompt, int tokens,
            std::vector<double>& speeds, std::vector<double>& first) {
  speeds.push_back(task.decodes ? 1e3 * (tokens - 1) / timing.decode_ms
                                : 1e3 * double(prompt) / timing.prefill_ms);
  first.push_back(timing.prefill_ms);
}

base::Result<void> run_once(engine::Engine& engine, Rival* rival, const Task& task,
                            const BenchOptions& options, std::mt19937& random, Samples& samples) {
  const std::vector<TokenId> prompt = random_prompt(random, task.prompt, engine.info().vocab_size);
  const int tokens = task.decodes ? options.tokens : 1;
  auto made = engine.generate({.prompt = prompt, .max_tokens = tokens, .drafts = false}, {}, {});  // --drafts measures those
  if (!made) return base::forward(made);
  record(task, {made->timings.prefill_ms, made->timings.decode_ms}, prompt.size(), tokens, samples.ours,
         samples.first);
  if (!rival) return {};
  auto answer = rival->ask({{"prompt", prompt}, {"tokens", tokens}});
  if (!answer) return base::forward(answer);
  record(task, {answer->value("prefill_ms", 0.0), answer->value("decode_ms", 0.0)}, prompt.size(), tokens,
         samples.rivals, samples.rivals_first);
  return {};
}

Json row(const Task& task, const Samples& samples) {
  Json json = {{"task", task.name()},
               {"tokens_per_s", median(samples.ours)},
               {"best", best(samples.ours)},
               {"first_token_ms", median(samples.first)}};
  if (samples.rivals.empty()) return json;
  json["rival"] = {{"tokens_per_s", median(samples.rivals)},
                   {"best", best(samples.rivals)},
                   {"first_token_ms", median(samples.rivals_first)}};
  json["ratio"] = median(samples.ours) / median(samples.rivals);
  return json;
}

void print_text(const Json& report) {
  const bool rival = report.contains("rival");
  print(fmt::format("{}, {}, {} threads, medians of {} runs (best), tokens a second\n",
                    report["model"].get<std::string>(), report["quant"].get<std::string>(),
                    report["threads"].get<int>(), report["runs"].get<int>()));
  for (const Json& task : report["tasks"]) {
    print(fmt::format("{:16} {:8.1f} ({:.1f})", task["task"].get<std::string>(),
                      task["tokens_per_s"].get<double>(), task["best"].get<double>()));
    if (rival)
      print(fmt::format("   {} {:8.1f} ({:.1f})   ratio {:.2f}", report["rival"].get<std::string>(),
                        task["rival"]["tokens_per_s"].get<double>(), task["rival"]["best"].get<double>(),
                        task["ratio"].get<double>()));
    print("\n");
  }
  print(fmt::format("load {:.0f} ms, peak memory {}\n", report["load_ms"].get<double>(),
                    human_bytes(report["peak_bytes"].get<double>())));
  if (rival)
    print(fmt::format("{}: load {:.0f} ms, peak memory {}\n", report["rival"].get<std::string>(),
                      report["rival_load_ms"].get<double>(),
                      human_bytes(report["rival_peak_bytes"].get<double>())));
}

std::vector<Task> tasks_of(const BenchOptions& options, std::int64_t context) {
  std::vector<Task> tasks;
  for (const int count : options.prefill) tasks.push_back({false, count});
  for (const int count : options.decode) tasks.push_back({true, count});
  std::erase_if(tasks, [&](const Task& task) { return task.prompt + options.tokens + 1 > context; });
  return tasks;
}

int threads_of(const BenchOptions& options) {
  return options.model.threads > 0 ? options.model.threads : std::max(1, base::describe_machine().cores);
}

int tell(const Json& report, const BenchOptions& options, void (*print_report)(const Json&)) {
  if (!options.html.empty())
    if (const auto written = base::write_file_atomic(options.html, bench_page(report)); !written) return app::report(written.error());
  if (options.json) print_json(report);
  else print_report(report);
  return kDone;
}

int keystrokes(BenchOptions options) {
  if (!options.rival.empty() && options.rival != "llama-server")
    return wrong_use(fmt::format("--rival '{}': with --keystrokes expected llama-server", options.rival));
  KeystrokeOptions& typed = options.keystrokes;
  typed.rival = options.rival, typed.python = options.python;
  typed.script = options.script.empty() ? "bench/llama_server_rival.py" : options.script;
  typed.runs = options.runs, typed.tokens = options.tokens, typed.threads = threads_of(options);
  const auto report = bench_keystrokes(options.model, typed);
  if (!report) return app::report(report.error());
  return tell(*report, options, print_keystrokes);
}

int drafts(const BenchOptions& options) {
  if (!options.html.empty()) return wrong_use("--html: there is no page for --drafts; expected --json or neither");
  const auto report = bench_drafts(options.model, {.file = options.drafts,
                                                   .rival = options.rival,
                                                   .python = options.python,
                                                   .script = options.script.empty() ? "bench/llama_cpp_rival.py" : options.script,
                                                   .runs = options.runs,
                                                   .places = options.keystrokes.places,
                                                   .tokens = options.tokens,
                                                   .before = options.keystrokes.before,
                                                   .threads = threads_of(options)});
  if (!report) return app::report(report.error());
  return tell(*report, options, print_drafts);
}

int bench(const BenchOptions& options) {
  if (!options.keystrokes.file.empty()) return keystrokes(options);
  if (!options.rival.empty() && options.rival != "llama-cpp")
    return wrong_use(fmt::format("--rival '{}': expected llama-cpp", options.rival));
  if (!options.drafts.empty()) return drafts(options);
  const int threads = threads_of(options);
  auto engine = load_engine_only(options.model);
  if (!engine) return report(engine.error());
  const engine::ModelInfo& info = (*engine)->info();
  const std::vector<Task> tasks = tasks_of(options, info.context_length);
  std::optional<Rival> rival;
  if (!options.rival.empty()) {
    int longest = 0;
    for (const Task& task : tasks) longest = std::max(longest, task.prompt + options.tokens + 1);
    const std::string script = options.script.empty() ? "bench/llama_cpp_rival.py" : options.script;
    auto path = find_model(options.model.model);
    if (!path) return report(path.error());
    auto started = Rival::start({options.python, script, *path, threads, (longest + 255) / 256 * 256});
    if (!started) return report(started.error());
    rival.emplace(std::move(*started));
  }
  std::mt19937 random(1);
  std::vector<Samples> samples(tasks.size());
  for (int run = -1; run < options.runs; ++run)  // the first one warms up
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      Samples ignored;
      auto done = run_once(**engine, rival ? &*rival : nullptr, tasks[i], options, random,
                           run < 0 ? ignored : samples[i]);
      if (!done) return report(done.error());
    }

  Json result = {{"model", info.name}, {"quant", info.quant}, {"threads", threads},
                 {"runs", options.runs}, {"load_ms", info.load_ms}, {"tasks", Json::array()}};
  for (std::size_t i = 0; i < tasks.size(); ++i) result["tasks"].push_back(row(tasks[i], samples[i]));
  result["peak_bytes"] = peak_bytes();
  if (rival) {
    auto last = rival->ask({{"prompt", {1}}, {"tokens", 1}});
    result["rival"] = options.rival;
    result["rival_load_ms"] = rival->load_ms();
    result["rival_peak_bytes"] = last ? last->value("peak_bytes", 0.0) : 0.0;
  }
  return tell(result, options, print_text);
}

void add_keystroke_options(CLI::App& command, KeystrokeOptions& options) {
  const auto number = [&command](const char* name, int& value, const char* help, int least, int most) {
    command.add_option(name, value, std::string("with --keystrokes: ") + help)->type_name("N")->check(CLI::Range(least, most));
  };
  command.add_option("--keystrokes", options.file, "types lines of this file at a person's speed through the language server")
      ->type_name("FILE");
  number("--places", options.places, "places in the file (default 4)", 1, 1000);
  number("--keys", options.keys, "most keys at each place (default 30)", 1, 10'000);
  number("--words", options.words, "words a minute (default 60)", 1, 10'000);
  number("--before", options.before, "tokens before the cursor (default 1500)", 16, 131'072);
  number("--after", options.after, "tokens after it (default 300)", 0, 131'072);
  number("--cancels", options.cancels, "requests cancelled at any time (default 20)", 0, 10'000);
  number("--starts", options.starts, "starts of a server of its own (default 3)", 0, 1000);
  command.add_flag("--exact", options.exact, "with --keystrokes: every suggestion has --tokens tokens, for random weights");
  command.add_flag("--patient", options.patient, "with --keystrokes: the next key waits for the suggestion, so that every key has one");
  command.add_flag("--busy", options.busy, "with --keystrokes: beside a compiler on every core");
}

}  // namespace

void add_bench(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("bench", "Measures how fast a model runs here.");
  auto options = std::make_shared<BenchOptions>();
  command.add_option("file", options->model.model, "a .gguf file, a folder, or a name in the store")
      ->type_name("MODEL");
  command
      .add_option("--rival", options->rival, "llama-cpp, or with --keystrokes llama-server: measured on the same file, in turns with this program")
      ->type_name("NAME");
  command.add_option("--rival-python", options->python, "a Python that has llama-cpp-python (default python3)")
      ->type_name("PYTHON");
  command.add_option("--rival-script", options->script, "what runs the rival (default bench/llama_cpp_rival.py, with --keystrokes bench/llama_server_rival.py)")
      ->type_name("FILE");
  command.add_option("--runs", options->runs, "how often each is measured, after one to warm up (default 5)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  command.add_option("--tokens", options->tokens, "tokens written where writing is measured (default 32)")
      ->type_name("N")
      ->check(CLI::Range(2, 1 << 16));
  command.add_option("--prefill", options->prefill, "lengths of the prompts to read (default 64,512,2048)")
      ->delimiter(',')
      ->type_name("N,N");
  command.add_option("--decode", options->decode, "lengths of the prompts to write after (default 0,1024)")
      ->delimiter(',')
      ->type_name("N,N");
  command.add_flag("--json", options->json, "one line of JSON");
  command.add_option("--html", options->html, "also writes a page with charts")->type_name("FILE");
  add_keystroke_options(command, options->keystrokes);
  command.add_option("--drafts", options->drafts, "writes on in this file's code, with and without drafts of what comes; with --places, --before and --tokens as for --keystrokes")
      ->type_name("FILE");
  add_model_options(command, options->model);
  add_engine_option(command, options->model);
  command.footer(R"(Examples:
  rigpilot bench model.gguf
  rigpilot bench model.gguf --rival llama-cpp --rival-python ./venv/bin/python --json
  rigpilot bench model.gguf --keystrokes src/main.cpp --html typing.html
  rigpilot bench model.gguf --drafts src/main.cpp --tokens 64 --rival llama-cpp --rival-python ./venv/bin/python
  rigpilot bench model.gguf --drafts src/main.cpp --draft smaller.gguf
  rigpilot bench model.gguf --keystrokes src/main.cpp --busy --rival llama-server --rival-python ./venv/bin/python)");
  command.callback([=, &run] { run = [options] { return bench(*options); }; });
}

}  // namespace app

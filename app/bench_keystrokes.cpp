#include "app/bench_keystrokes.h"

#include <filesystem>
#include <optional>
#include <random>

#include "app/console.h"
#include "app/measure/busy.h"
#include "app/measure/our_side.h"
#include "app/measure/rival_side.h"
#include "app/store.h"
#include "base/files.h"
#include "base/machine.h"
#include "base/utf8.h"
#include "lsp/mux/child_process.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;

constexpr double kCancelAfterMs = 100;
constexpr std::chrono::minutes kStartPatience{5};

struct Bench {
  const ModelOptions& model;
  const KeystrokeOptions& options;
  std::vector<TypedPlace> places;
  lsp::Settings settings;
  std::unique_ptr<OurSide> ours;
  std::optional<RivalSide> rival;
  std::vector<KeyFigures> our_keys, rival_keys;
  std::int64_t prompt_tokens = 0;
};

Json settings_json(const lsp::Settings& settings) {
  return {{"completion",
           {{"prefixTokens", settings.completion.prefix_tokens},
            {"suffixTokens", settings.completion.suffix_tokens},
            {"maxTokens", settings.completion.max_tokens}}}};
}

void append(std::vector<KeyFigures>& to, std::vector<KeyFigures> more) { to.insert(to.end(), more.begin(), more.end()); }

void type_everything(Bench& bench, ProgressBar& bar) {
  const std::size_t all = std::size_t(bench.options.runs) * bench.places.size();
  for (std::size_t done = 0; done < all; ++done) {
    bar.show(double(done) / double(all));
    const TypedPlace& place = bench.places[done % bench.places.size()];
    // Ours first, so that the rival can be given as many tokens; the order of the pairs does not matter, they never overlap.
    append(bench.our_keys, bench.ours->type(place));
    bench.prompt_tokens = bench.ours->last_prompt_tokens();
    if (bench.rival) append(bench.rival_keys, bench.rival->type(place, bench.prompt_tokens));
  }
}

Json cancel_figures(Bench& bench, ProgressBar& bar) {
  std::vector<double> cold, after, rival_cold, rival_after, in_prompt, in_writing, decode;
  for (int run = 0; run < bench.options.runs; ++run) {
    bar.show(double(run) / bench.options.runs);
    const TypedPlace& place = bench.places[std::size_t(run) % bench.places.size()];
    const Cold once = bench.ours->cold(place);
    cold.push_back(once.first_token_ms);
    decode.push_back(once.answer_ms - once.first_token_ms);
    after.push_back(bench.ours->cold_after_cancel(place, kCancelAfterMs).first_token_ms);
    if (!bench.rival) continue;
    rival_cold.push_back(bench.rival->cold(place, bench.prompt_tokens).first_token_ms);
    rival_after.push_back(bench.rival->cold_after_cancel(place, bench.prompt_tokens, kCancelAfterMs).first_token_ms);
  }
  std::mt19937 random(1);
  const double prompt_ms = percentile(cold, 50), writing_ms = percentile(decode, 50);
  for (int i = 0; i < bench.options.cancels; ++i) {
    bar.show(double(i) / bench.options.cancels);
    const TypedPlace& place = bench.places[std::size_t(i) % bench.places.size()];
    in_prompt.push_back(bench.ours->cancel_in_prompt(place, std::uniform_real_distribution<>(0, std::min(prompt_ms * 0.9, 400.0))(random)));
    in_writing.push_back(bench.ours->cancel_in_writing(place, std::uniform_real_distribution<>(0, writing_ms * 0.9)(random)));
  }
  Json out = {{"cold_ms", percentile(cold, 50)},
              {"after_cancel_ms", percentile(after, 50)},
              {"ratio", percentile(after, 50) / percentile(cold, 50)},
              {"token_ms", writing_ms / std::max(1, bench.options.tokens - 1)},
              {"in_prompt_ms", distribution(in_prompt)},
              {"in_writing_ms", distribution(in_writing)}};
  if (bench.rival)
    out["rival"] = {{"cold_ms", percentile(rival_cold, 50)},
                    {"after_cancel_ms", percentile(rival_after, 50)},
                    {"ratio", percentile(rival_after, 50) / percentile(rival_cold, 50)}};
  return out;
}

std::vector<std::string> server_command(const ModelOptions& model) {
  std::vector<std::string> command = {"/proc/self/exe", "lsp", "--device", model.device, "--dtype", model.dtype, "--quant", model.quant,
                                      "--log-level", "error"};
  if (model.threads > 0) command.insert(command.end(), {"--threads", std::to_string(model.threads)});
  if (!model.engine.empty()) command.insert(command.end(), {"--engine", model.engine});
  else if (!model.model.empty()) command.insert(command.end(), {"--model", model.model});
  return command;
}

// From the start of a process of its own to its first suggestion.
base::Result<double> first_suggestion(const Bench& bench, const TypedPlace& place, const base::Logger& log) {
  const auto begin = Clock::now();
  auto child = lsp::ChildProcess::start(server_command(bench.model), log);
  if (!child) return base::forward(child);
  EditorClient client((*child)->transport());
  if (auto done = client.initialize(settings_json(bench.settings)); !done) return base::forward(done);
  const std::string uri = "file:///bench/first" + std::filesystem::path(bench.options.file).extension().string();
  client.open(uri, place.text);
  const auto answer = client.wait(client.ask(uri, place.cursor), begin + kStartPatience);
  client.leave();
  if (!answer) return fail(ErrorCode::Failed, "rigpilot lsp gave no first suggestion");
  return ms_between(begin, answer->at);
}

base::Result<RivalSide> start_rival(const Bench& bench) {
  const int context = (bench.options.before + bench.options.after + bench.options.tokens + 512 + 255) / 256 * 256;
  auto path = find_model(bench.model.model);
  if (!path) return base::forward(path);
  auto rival = Rival::start({bench.options.python, bench.options.script, *path, bench.options.threads, context});
  if (!rival) return base::forward(rival);
  return RivalSide(std::move(*rival), {bench.options.tokens, bench.options.exact, bench.options.patient});
}

base::Result<Json> start_figures(const Bench& bench) {
  base::Logger log(base::LogLevel::Error);
  std::vector<double> ours, rivals;
  for (int run = 0; run < bench.options.starts; ++run) {
    auto first = first_suggestion(bench, bench.places.front(), log);
    if (!first) return base::forward(first);
    ours.push_back(*first);
    if (bench.options.rival.empty()) continue;
    auto rival = start_rival(bench);
    if (!rival) return base::forward(rival);
    rivals.push_back(rival->load_ms() + rival->cold(bench.places.front(), bench.prompt_tokens).answer_ms);
  }
  Json out = {{"first_suggestion_ms", percentile(ours, 50)}};
  if (!rivals.empty()) out["rival_ms"] = percentile(rivals, 50), out["ratio"] = percentile(ours, 50) / percentile(rivals, 50);
  return out;
}

Json side_json(const std::string& name, const std::vector<KeyFigures>& keys) {
  Json out = summary(keys);
  out["name"] = name;
  Json first = Json::array(), answers = Json::array();
  for (const KeyFigures& key : keys) {
    if (key.first_token_ms > 0) first.push_back(key.first_token_ms);
    if (key.hit != Hit::Overtaken && key.hit != Hit::Silent) answers.push_back(key.answer_ms);
  }
  out["first_token_values"] = std::move(first);
  out["suggestion_values"] = std::move(answers);
  return out;
}

double at(const Json& side, const char* what, const char* percent) { return side.at(what).at(percent).get<double>(); }

Json ratios(const Json& ours, const Json& rival) {
  const auto ratio = [&](const char* what, const char* percent) {
    const double other = at(rival, what, percent);
    return other > 0 ? at(ours, what, percent) / other : 0;
  };
  return {{"first_token_p50", ratio("first_token_ms", "p50")},
          {"suggestion_p50", ratio("suggestion_ms", "p50")},
          {"suggestion_p95", ratio("suggestion_ms", "p95")}};
}

base::Result<void> prepare(Bench& bench) {
  auto text = base::read_file(bench.options.file);
  if (!text) return base::forward(text);
  bench.places = typing_script(base::sanitize_utf8(*text),
                               {.places = bench.options.places, .keys = bench.options.keys, .words_a_minute = double(bench.options.words)});
  if (bench.places.empty())
    return fail(ErrorCode::InvalidInput, "--keystrokes {}: has no two lines to type; expected a file of code", bench.options.file);
  bench.settings.completion.prefix_tokens = bench.options.before;
  bench.settings.completion.suffix_tokens = bench.options.after;
  bench.settings.completion.max_tokens = bench.options.tokens;
  auto ours = OurSide::start({.load = model_loader(bench.model),
                              .settings = bench.settings,
                              .extension = std::filesystem::path(bench.options.file).extension().string(),
                              .exact_tokens = bench.options.exact ? bench.options.tokens : 0,
                              .patient = bench.options.patient});
  if (!ours) return base::forward(ours);
  bench.ours = std::move(*ours);
  if (bench.options.rival.empty()) return {};
  auto rival = start_rival(bench);
  if (!rival) return base::forward(rival);
  bench.rival.emplace(std::move(*rival));
  return {};
}

}  // namespace

base::Result<Json> bench_keystrokes(const ModelOptions& model, const KeystrokeOptions& options) {
  ProgressBar bar("loading");
  Bench bench{.model = model, .options = options, .places = {}, .settings = {}, .ours = {}, .rival = {}, .our_keys = {}, .rival_keys = {}};
  if (auto ready = prepare(bench); !ready) return base::forward(ready);
  std::optional<BusyMachine> busy;
  if (options.busy) busy.emplace(std::max(1, base::describe_machine().threads));
  bar.rename("typing");
  type_everything(bench, bar);
  Json report = {{"model", bench.ours->info().name},
                 {"quant", bench.ours->info().quant},
                 {"threads", options.threads},
                 {"runs", options.runs},
                 {"file", options.file},
                 {"busy", options.busy},
                 {"words_a_minute", options.words},
                 {"suggestion_tokens", options.tokens},
                 {"exact", options.exact},
                 {"patient", options.patient},
                 {"prompt_tokens", bench.prompt_tokens},
                 {"sides", Json::array({side_json("Rigpilot", bench.our_keys)})}};
  if (bench.rival) {
    report["sides"].push_back(side_json(options.rival, bench.rival_keys));
    report["ratio"] = ratios(report["sides"][0], report["sides"][1]);
  }
  bar.rename("cancelling");
  report["cancel"] = cancel_figures(bench, bar);
  report["answered_twice"] = bench.ours->twice_answered();
  if (bench.rival && !bench.rival->problem().empty()) return fail(ErrorCode::Failed, "{}", bench.rival->problem());
  bench.ours.reset();
  bench.rival.reset();
  bar.rename("starting");
  if (options.starts > 0) {
    auto start = start_figures(bench);
    if (!start) return base::forward(start);
    report["start"] = std::move(*start);
  }
  return report;
}

void print_keystrokes(const Json& report) {
  print(fmt::format("{}, {}, {} threads{}; {} keys typed at {} words a minute, {} tokens around the cursor, suggestions of {} {} tokens\n",
                    report["model"].get<std::string>(), report["quant"].get<std::string>(), report["threads"].get<int>(),
                    report["busy"].get<bool>() ? ", a compiler on every core" : "", report["sides"][0]["keys"].get<int>(),
                    report["words_a_minute"].get<int>(), report["prompt_tokens"].get<int>(), report["exact"].get<bool>() ? "exactly" : "at most",
                    report["suggestion_tokens"].get<int>()));
  constexpr std::pair<const char*, const char*> kFigures[] = {
      {"first_token_ms", "key to first token"}, {"first_token_same_line_ms", "  in the same line"}, {"suggestion_ms", "key to suggestion"}};
  for (const Json& side : report["sides"]) {
    print(fmt::format("{}\n", side["name"].get<std::string>()));
    for (const auto& [field, name] : kFigures)
      print(fmt::format("  {:22} p50 {:8.1f}   p95 {:8.1f}   p99 {:8.1f} ms   ({} keys)\n", name, at(side, field, "p50"), at(side, field, "p95"),
                        at(side, field, "p99"), side[field]["n"].get<int>()));
    const Json& tokens = side["tokens"];
    print(fmt::format("  tokens: {} computed, {} reused, {} written, {} of them wasted; {:.1f} computed a key\n", tokens["computed"].dump(),
                      tokens["reused"].dump(), tokens["written"].dump(), tokens["wasted"].dump(), tokens["computed_a_key"].get<double>()));
    print("  keys:");
    for (const auto& [hit, count] : side["hits"].items()) print(fmt::format(" {} {}", hit, count.dump()));
    print("\n");
  }
  if (report.contains("ratio"))
    print(fmt::format("ratio: first token p50 {:.2f}, suggestion p50 {:.2f}, p95 {:.2f}\n", report["ratio"]["first_token_p50"].get<double>(),
                      report["ratio"]["suggestion_p50"].get<double>(), report["ratio"]["suggestion_p95"].get<double>()));
  const Json& cancel = report["cancel"];
  print(fmt::format("first token cold {:.0f} ms, after a cancel {:.0f} ms ({:.2f})", cancel["cold_ms"].get<double>(), cancel["after_cancel_ms"].get<double>(),
                    cancel["ratio"].get<double>()));
  if (cancel.contains("rival"))
    print(fmt::format("; rival {:.0f}, {:.0f} ms ({:.2f})", cancel["rival"]["cold_ms"].get<double>(), cancel["rival"]["after_cancel_ms"].get<double>(),
                      cancel["rival"]["ratio"].get<double>()));
  print(fmt::format("\ncancel to rest: in a prompt p50 {:.1f}, p99 {:.1f} ms; while writing p50 {:.1f}, p99 {:.1f} ms (a token takes {:.1f} ms, where drafts are right a part of a step)\n",
                    at(cancel, "in_prompt_ms", "p50"), at(cancel, "in_prompt_ms", "p99"), at(cancel, "in_writing_ms", "p50"),
                    at(cancel, "in_writing_ms", "p99"), cancel["token_ms"].get<double>()));
  if (!report.contains("start")) return;
  print(fmt::format("start to first suggestion {:.0f} ms", report["start"]["first_suggestion_ms"].get<double>()));
  if (report["start"].contains("rival_ms"))
    print(fmt::format("; rival {:.0f} ms (ratio {:.2f})", report["start"]["rival_ms"].get<double>(), report["start"]["ratio"].get<double>()));
  print("\n");
}

}  // namespace app

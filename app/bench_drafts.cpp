#include "app/bench_drafts.h"

#include <algorithm>
#include <optional>

#include "app/console.h"
#include "app/measure/figures.h"
#include "app/measure/rival.h"
#include "app/store.h"
#include "base/files.h"
#include "base/utf8.h"
#include "engine/ngram/index.h"
#include "lsp/context/lines.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;
using tokenizer::TokenId;

constexpr std::size_t kLinesTakenOut = 12;  // more than the model writes: what stood there is not in the document
constexpr int kRivalDrafts[] = {2, 10};     // tokens a draft: what llama-cpp-python's documentation says of processors, and its default

struct Place {
  std::vector<TokenId> prompt;
  std::shared_ptr<const engine::NgramIndex> document;  // the lines above and below
};

// One side: how it drafts, how long each place took, by run, and what was written.
struct Side {
  std::string name;
  bool ours = true, drafts = false, draft_model = false;
  int rival_drafts = 0;  // tokens a draft of llama.cpp's, 0: none
  std::vector<double> speeds;  // tokens a second over all places, a run each
  std::vector<std::vector<TokenId>> ids;
  std::int64_t drafted = 0, accepted = 0, written = 0;
  double ms = 0;  // of this run
  std::size_t tokens = 0;
};

std::vector<Place> places_of(const std::string& text, const tokenizer::Tokenizer& tokenizer, const DraftsOptions& options) {
  std::vector<std::size_t> lines;
  for (std::size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size()) + 1)
    if (!lsp::is_blank(std::string_view(text).substr(at, std::min(text.find('\n', at), text.size()) - at))) lines.push_back(at);
  std::vector<Place> places;
  const std::size_t wanted = std::size_t(options.places);
  for (std::size_t i = 0; i < wanted && lines.size() > 2 * kLinesTakenOut; ++i) {
    // Spread over the last three quarters, so that something stands before each.
    const std::size_t line = lines.size() / 4 + i * (lines.size() - lines.size() / 4 - kLinesTakenOut) / wanted;
    const std::size_t begin = lines[line], end = line + kLinesTakenOut < lines.size() ? lines[line + kLinesTakenOut] : text.size();
    std::vector<TokenId> above = tokenizer.encode(text.substr(0, begin));
    engine::NgramIndex document = engine::NgramIndex().with(engine::Segment::build({{1, above}}));
    document = document.with(engine::Segment::build({{2, tokenizer.encode(text.substr(end))}}));
    if (above.size() > std::size_t(options.before)) above.erase(above.begin(), above.end() - options.before);
    places.push_back({std::move(above), std::make_shared<const engine::NgramIndex>(std::move(document))});
  }
  return places;
}

void add(Side& side, double ms, std::vector<TokenId> ids) {
  side.ms += ms;
  side.tokens += ids.empty() ? 0 : ids.size() - 1;  // the first one is the prompt's
  side.ids.push_back(std::move(ids));
}

void end_run(Side& side, bool counts) {
  if (counts && side.ms > 0) side.speeds.push_back(1e3 * double(side.tokens) / side.ms);
  side.ms = 0, side.tokens = 0;
}

// The prompt's keys and values, so that both of our sides start from the same bits: a prompt is computed in other pieces than what is
// written behind it.
base::Result<void> warm(engine::Engine& engine, const Place& place) {
  auto made = engine.generate({.prompt = place.prompt, .max_tokens = 0}, {}, {});
  if (!made) return base::forward(made);
  return {};
}

base::Result<void> ask_ours(engine::Engine& engine, const Place& place, const DraftsOptions& options, Side& side) {
  auto made = engine.generate({.prompt = place.prompt, .max_tokens = options.tokens, .workspace = place.document, .drafts = side.drafts, .draft_model = side.draft_model}, {}, {});
  if (!made) return base::forward(made);
  side.drafted += made->timings.drafted_tokens, side.accepted += made->timings.accepted_tokens;
  side.written += std::int64_t(made->ids.size());
  add(side, made->timings.decode_ms, std::move(made->ids));
  return {};
}

base::Result<void> ask_rival(Rival& rival, const Place& place, const DraftsOptions& options, Side& side) {
  auto answer = rival.ask({{"prompt", place.prompt}, {"tokens", options.tokens}, {"drafts", side.rival_drafts}, {"keep", true}});
  if (!answer) return base::forward(answer);
  side.drafted += answer->value("drafted", std::int64_t(0)), side.accepted += answer->value("accepted", std::int64_t(0));
  auto ids = answer->value("ids", std::vector<TokenId>());
  side.written += std::int64_t(ids.size());
  add(side, answer->value("decode_ms", 0.0), std::move(ids));
  return {};
}

// Share of tokens that two sides wrote alike, up to where they part.
double alike(const Side& a, const Side& b) {
  std::size_t same = 0, all = 0;
  for (std::size_t i = 0; i < std::min(a.ids.size(), b.ids.size()); ++i) {
    const auto parted = std::mismatch(a.ids[i].begin(), a.ids[i].end(), b.ids[i].begin(), b.ids[i].end()).first;
    same += std::size_t(parted - a.ids[i].begin()), all += a.ids[i].size();
  }
  return all ? double(same) / double(all) : 0;
}

std::vector<Side> sides_of(const engine::ModelInfo& model, bool with_rival) {
  std::vector<Side> sides = {{.name = "Rigpilot without drafts"}, {.name = "Rigpilot", .drafts = true}};
  if (!model.draft.empty()) sides.push_back({.name = fmt::format("Rigpilot, {} drafts too", model.draft), .drafts = true, .draft_model = true});
  if (!with_rival) return sides;
  sides.push_back({.name = "llama.cpp without drafts", .ours = false});
  for (const int drafts : kRivalDrafts) sides.push_back({.name = fmt::format("llama.cpp, {} drafted by prompt lookup", drafts), .ours = false, .rival_drafts = drafts});
  return sides;
}

Json row(const Side& side, const Side& ours_plain) {
  return {{"name", side.name},
          {"tokens_per_s", percentile(side.speeds, 50)},
          {"drafted_a_token", side.written ? double(side.drafted) / double(side.written) : 0},
          {"accepted_share", side.drafted ? double(side.accepted) / double(side.drafted) : 0},
          {"alike", alike(side, ours_plain)}};
}

// The fastest of our sides and of the rival's, and what each side's drafts bring.
Json ratios(const std::vector<Side>& sides) {
  double best = 0, plain_rival = 0, best_rival = 0;
  for (const Side& side : sides) {
    const double speed = percentile(side.speeds, 50);
    if (side.ours) best = std::max(best, speed);
    else if (side.rival_drafts == 0) plain_rival = speed;
    else best_rival = std::max(best_rival, speed);
  }
  Json out = {{"without_drafts", percentile(sides[1].speeds, 50) / percentile(sides[0].speeds, 50)}};
  if (sides.size() > 2 && sides[2].draft_model) out["draft_model"] = percentile(sides[2].speeds, 50) / percentile(sides[1].speeds, 50);
  if (plain_rival > 0) out["rival_without_drafts"] = best / plain_rival, out["rival_with_drafts"] = best / best_rival;
  return out;
}

}  // namespace

base::Result<Json> bench_drafts(const ModelOptions& model_options, const DraftsOptions& options) {
  auto text = base::read_file(options.file);
  if (!text) return base::forward(text);
  auto model = load_model(model_options);
  if (!model) return base::forward(model);
  engine::Engine& engine = *(*model)->engine;
  const std::vector<Place> places = places_of(lsp::with_plain_line_ends(base::sanitize_utf8(*text)), *(*model)->tokenizer, options);
  if (places.empty()) return fail(ErrorCode::InvalidInput, "--drafts {}: is too short; expected a file of at least {} lines of code", options.file, 2 * kLinesTakenOut + 1);
  std::optional<Rival> rival;
  std::vector<Side> sides = sides_of(engine.info(), !options.rival.empty());
  if (!options.rival.empty()) {
    auto path = find_model(model_options.model);
    if (!path) return base::forward(path);
    auto started = Rival::start({options.python, options.script, *path, options.threads, (options.before + options.tokens + 64 + 255) / 256 * 256});
    if (!started) return base::forward(started);
    rival.emplace(std::move(*started));
  }
  ProgressBar bar("writing");
  for (int run = -1; run < options.runs; ++run) {  // the first one warms up
    for (Side& side : sides) side.ids.clear(), side.drafted = side.accepted = side.written = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      bar.show((double(run + 1) + double(i) / double(places.size())) / double(options.runs + 1));
      if (auto done = warm(engine, places[i]); !done) return base::forward(done);
      for (Side& side : sides)
        if (auto done = side.ours ? ask_ours(engine, places[i], options, side) : ask_rival(*rival, places[i], options, side); !done) return base::forward(done);
    }
    for (Side& side : sides) end_run(side, run >= 0);
    for (const Side& side : sides)
      if (side.ours && side.ids != sides[0].ids) return fail(ErrorCode::Failed, "with drafts the model wrote other tokens than without");
  }
  Json report = {{"model", engine.info().name}, {"quant", engine.info().quant}, {"threads", options.threads}, {"runs", options.runs}, {"places", places.size()},
                 {"file", options.file}, {"tokens", options.tokens}, {"prompt_tokens", options.before}, {"sides", Json::array()}};
  for (const Side& side : sides) report["sides"].push_back(row(side, sides[0]));
  report["ratio"] = ratios(sides);
  return report;
}

void print_drafts(const Json& report) {
  print(fmt::format("{}, {}, {} threads; {} tokens behind {} at {} places of {}, greedy, medians of {} runs\n", report["model"].get<std::string>(),
                    report["quant"].get<std::string>(), report["threads"].get<int>(), report["tokens"].get<int>(), report["prompt_tokens"].get<int>(),
                    report["places"].get<int>(), report["file"].get<std::string>(), report["runs"].get<int>()));
  for (const Json& side : report["sides"])
    print(fmt::format("{:36} {:8.1f} tokens/s   {:.2f} drafted a token, {:3.0f} % of them right   {:3.0f} % of the ids as ours\n", side["name"].get<std::string>(),
                      side["tokens_per_s"].get<double>(), side["drafted_a_token"].get<double>(), 100 * side["accepted_share"].get<double>(),
                      100 * side["alike"].get<double>()));
  print(fmt::format("with drafts: {:.2f} times as fast, the same ids\n", report["ratio"]["without_drafts"].get<double>()));
  if (report["ratio"].contains("draft_model"))
    print(fmt::format("with the draft model besides: {:.2f} times as fast as with copied drafts alone\n", report["ratio"]["draft_model"].get<double>()));
  if (report["ratio"].contains("rival_without_drafts"))
    print(fmt::format("ratio to llama.cpp without drafts {:.2f}, to the faster of its own {:.2f}\n", report["ratio"]["rival_without_drafts"].get<double>(),
                      report["ratio"]["rival_with_drafts"].get<double>()));
}

}  // namespace app

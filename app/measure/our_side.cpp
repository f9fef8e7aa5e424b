#include "app/measure/our_side.h"

#include <future>
#include <utility>

namespace app {
namespace {

constexpr std::chrono::minutes kPatience{10};

using base::fail;

// Makes two documents differ from their first byte after the cursor on, too: nothing of one prompt serves the other.
TypedPlace made_unique(const TypedPlace& place, int number) {
  TypedPlace out = place;
  const std::size_t end = std::min(out.text.find('\n', out.cursor), out.text.size());
  out.text.insert(end, fmt::format("\n{0:04} {0:04}", number));
  return out;
}

void add_run(KeyFigures& key, const EngineRun& run, Clock::time_point typed) {
  key.asked_model = true;
  if (run.had_token) key.first_token_ms = ms_between(typed, run.first_token);
  key.prompt += run.timings.prompt_tokens;
  key.computed += run.timings.prefill_tokens;
  key.written += run.timings.decode_tokens;
}

// The keys of one place while they are typed: which is waited for, and whose each run of the engine was.
struct Replay {
  struct Typed {
    Clock::time_point at;
    KeyFigures figures;
  };
  std::vector<Typed> keys;

  void take(const EngineRun& run) {
    for (std::size_t i = keys.size(); i-- > 0;)
      if (keys[i].at <= run.begin) return add_run(keys[i].figures, run, keys[i].at);
  }
  void answer(const Answer& answer) {
    auto& [at, key] = keys.back();
    key.answer_ms = ms_between(at, answer.at);
    key.suggested = answer.items > 0;
    if (!key.asked_model) key.hit = key.suggested ? Hit::TypedThrough : Hit::Silent;
    else key.hit = key.computed * 2 < key.prompt ? Hit::Cached : Hit::Fresh;
  }
};

}  // namespace

base::Result<std::unique_ptr<OurSide>> OurSide::start(OurOptions options) {
  std::unique_ptr<OurSide> side(new OurSide);
  side->options_ = std::move(options);
  const auto loaded = std::make_shared<std::promise<base::Result<engine::ModelInfo>>>();
  auto info = loaded->get_future();
  lsp::ModelLoader load = [loaded, load = side->options_.load, runs = side->runs_, exact = side->options_.exact_tokens](
                              const std::function<void(double)>& progress, std::stop_token stop) {
    auto model = load(progress, stop);
    if (model) {
      (*model)->engine = record_engine(std::move((*model)->engine), runs, exact);
      loaded->set_value((*model)->engine->info());
    } else {
      loaded->set_value(base::forward(model));
    }
    return model;
  };
  std::tie(side->ours_, side->theirs_) = lsp::memory_pair();
  lsp::ServerOptions server{.settings = side->options_.settings, .watch_client = false, .load_patience = kPatience};
  side->server_ = std::thread([side = side.get(), server = std::move(server), load = std::move(load)]() mutable {
    lsp::run_server(*side->theirs_, std::move(server), std::move(load), side->log_);
  });
  side->client_ = std::make_unique<EditorClient>(*side->ours_);
  if (auto done = side->client_->initialize(base::Json::object()); !done) return base::forward(done);
  auto got = info.get();
  if (!got) return base::forward(got);
  side->info_ = std::move(*got);
  return side;
}

OurSide::~OurSide() {
  if (client_) client_->leave();
  if (server_.joinable()) server_.join();
}

std::string OurSide::open(const TypedPlace& place) {
  const std::string uri = fmt::format("file:///bench/file{}{}", ++documents_, options_.extension);
  client_->open(uri, place.text);
  return uri;
}

std::optional<EngineRun> OurSide::last_run(Clock::time_point since) {
  std::optional<EngineRun> last;
  while (auto run = runs_->try_pop())
    if (run->begin >= since) last = *run;
  return last;
}

std::string OurSide::open_warm(const TypedPlace& place) {
  const auto begin = Clock::now();
  const std::string uri = open(place);
  client_->wait(client_->ask(uri, place.cursor), begin + kPatience);
  if (const auto run = last_run(begin)) last_prompt_ = run->timings.prompt_tokens;
  return uri;
}

std::vector<KeyFigures> OurSide::type(const TypedPlace& place) {
  const std::string uri = open_warm(place);
  Replay replay;
  std::size_t cursor = place.cursor;
  int waits_for = 0;  // a request's id
  const auto hear = [&](Clock::time_point until) {
    if (waits_for == 0) return;
    const auto answer = client_->wait(waits_for, until);
    while (auto run = runs_->try_pop()) replay.take(*run);
    if (answer) replay.answer(*answer), waits_for = 0;
  };
  auto due = Clock::now();
  for (const Key& key : place.keys) {
    due += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(key.pause_ms));
    hear(options_.patient ? Clock::now() + kPatience : due);
    due = std::max(due, Clock::now());
    std::this_thread::sleep_until(due);
    if (waits_for != 0) client_->cancel(waits_for);
    replay.keys.push_back({Clock::now(), {.new_line = key.new_line()}});
    client_->insert(uri, cursor, key.text);
    cursor += key.text.size();
    waits_for = client_->ask(uri, cursor);
  }
  hear(Clock::now() + kPatience);
  client_->close(uri);
  std::vector<KeyFigures> out;
  for (const auto& typed : replay.keys) out.push_back(typed.figures);
  return out;
}

Cold OurSide::cold(const TypedPlace& place) {
  const std::string uri = open(made_unique(place, documents_));
  const auto begin = Clock::now();
  const auto answer = client_->wait(client_->ask(uri, place.cursor), begin + kPatience);
  const auto run = last_run(begin);
  client_->close(uri);
  if (!answer || !run) return {};
  return {ms_between(begin, run->first_token), ms_between(begin, answer->at), run->timings.prompt_tokens};
}

Cold OurSide::cold_after_cancel(const TypedPlace& place, double after_ms) {
  const std::string uri = open(made_unique(place, documents_));
  const int first = client_->ask(uri, place.cursor);
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(after_ms));
  client_->cancel(first);
  const auto begin = Clock::now();
  const auto answer = client_->wait(client_->ask(uri, place.cursor), begin + kPatience);
  const auto run = last_run(begin);
  client_->close(uri);
  if (!answer || !run) return {};
  return {ms_between(begin, run->first_token), ms_between(begin, answer->at), run->timings.prompt_tokens};
}

double OurSide::idle_after_cancel(int id, double after_ms) {
  const auto asked = Clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(after_ms));
  const auto cancelled = Clock::now();
  client_->cancel(id);
  client_->wait(id, cancelled + kPatience);
  for (;;) {  // the answer comes at once; the engine's rest is what counts
    const auto run = runs_->pop_until(cancelled + std::chrono::seconds(5));
    if (!run) return 0;  // it never began
    if (run->end >= asked) return std::max(0.0, ms_between(cancelled, run->end));
  }
}

double OurSide::cancel_in_prompt(const TypedPlace& place, double after_ms) {
  const std::string uri = open(made_unique(place, documents_));
  last_run(Clock::now());
  const double idle = idle_after_cancel(client_->ask(uri, place.cursor), after_ms);
  client_->close(uri);
  return idle;
}

double OurSide::cancel_in_writing(const TypedPlace& place, double after_ms) {
  const std::string uri = open_warm(place);
  client_->insert(uri, place.cursor, "x");
  const double idle = idle_after_cancel(client_->ask(uri, place.cursor + 1), after_ms);
  client_->close(uri);
  return idle;
}

}  // namespace app

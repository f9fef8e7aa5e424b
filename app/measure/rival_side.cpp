#include "app/measure/rival_side.h"

#include <algorithm>
#include <thread>

#include "lsp/context/lines.h"

namespace app {
namespace {

using base::Json;

constexpr double kAskAgainMs = 100;           // llama.vim's timer
constexpr std::size_t kMostTypedThrough = 128;  // characters back in its cache

auto ms(double value) { return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(value)); }

// The start of the line `count` lines above the one that begins at `begin`.
std::size_t lines_back(std::string_view text, std::size_t begin, std::size_t count) {
  while (count-- > 0 && begin > 0) begin = begin < 2 ? 0 : text.rfind('\n', begin - 2) + 1;
  return begin;
}

std::size_t lines_on(std::string_view text, std::size_t end, std::size_t count) {
  while (count-- > 0 && end < text.size()) end = std::min(text.find('\n', end + 1), text.size());
  return end;
}

// Suggestions by what was typed when they came, as llama.vim keeps them.
class Cache {
 public:
  void keep(const std::string& typed, const std::string& text) { kept_[typed] = text; }
  bool fits(const std::string& typed) const {
    for (std::size_t back = 0; back <= std::min(typed.size(), kMostTypedThrough); ++back) {
      const auto found = kept_.find(typed.substr(0, typed.size() - back));
      if (found == kept_.end()) continue;
      const std::string since = typed.substr(typed.size() - back);
      if (found->second.size() > since.size() && found->second.starts_with(since)) return true;
    }
    return false;
  }

 private:
  std::map<std::string, std::string> kept_;
};

}  // namespace

RivalSide::Answered RivalSide::answered(const Json& question) {
  auto answer = rival_.ask(question);
  if (!answer) {
    if (problem_.empty()) problem_ = answer.error().message;
    return {};
  }
  return {answer->value("first_ms", 0.0),   answer->value("total_ms", 0.0), answer->value("prompt", std::int64_t(0)),
          answer->value("computed", std::int64_t(0)), answer->value("written", std::int64_t(0)), answer->value("text", "")};
}

Json RivalSide::question(const std::string& text, std::size_t cursor, const Lines& lines) const {
  const lsp::LineRange line = lsp::line_at(text, cursor);
  const std::size_t begin = lines_back(text, line.begin, lines.before), end = lines_on(text, line.end, lines.after);
  return {{"prefix", text.substr(begin, line.begin - begin)},
          {"middle", text.substr(line.begin, cursor - line.begin)},
          {"suffix", text.substr(cursor, end - cursor) + "\n"},
          {"tokens", options_.tokens},
          {"exact", options_.exact}};
}

RivalSide::Answered RivalSide::ask(const std::string& text, std::size_t cursor, const Lines& lines) {
  return answered(question(text, cursor, lines));
}

RivalSide::Lines RivalSide::fit(const TypedPlace& place, std::int64_t prompt_tokens) {
  const lsp::LineRange line = lsp::line_at(place.text, place.cursor);
  auto answer = rival_.ask({{"fit", {{"prefix", place.text.substr(0, line.begin)},
                                     {"suffix", place.text.substr(line.end)},
                                     {"prefix_tokens", prompt_tokens * 5 / 6},
                                     {"suffix_tokens", prompt_tokens / 6}}}});
  if (!answer) {
    if (problem_.empty()) problem_ = answer.error().message;
    return {};
  }
  return {answer->value("before", std::size_t(0)), answer->value("after", std::size_t(0))};
}

std::vector<KeyFigures> RivalSide::type(const TypedPlace& place, std::int64_t prompt_tokens) {
  const Lines lines = fit(place, prompt_tokens);
  ask(place.text, place.cursor, lines);  // warm
  Cache cache;
  std::vector<KeyFigures> out;
  for (const Key& key : place.keys) out.push_back({.new_line = key.new_line()});
  std::vector<Clock::time_point> typed_at;
  auto due = Clock::now();
  for (const Key& key : place.keys) typed_at.push_back(due += ms(key.pause_ms));
  const auto typed_until = [&](std::size_t count) {
    std::string typed;
    for (std::size_t i = 0; i < count; ++i) typed += place.keys[i].text;
    return typed;
  };

  std::size_t next = 0;            // the first key not yet seen
  Clock::time_point again{};       // when a key that came during a request asks
  while (next < out.size()) {
    const std::size_t current = next;
    const Clock::time_point asks_at = std::max(typed_at[current], again);
    // Keys typed before the timer fires restart nothing but the wait; the last of them is the one that is asked for.
    std::size_t last = current;
    while (last + 1 < out.size() && typed_at[last + 1] <= asks_at) ++last;
    std::this_thread::sleep_until(asks_at);
    next = last + 1;
    const std::string typed = typed_until(last + 1);
    KeyFigures& figures = out[last];
    if (cache.fits(typed)) {
      figures.hit = Hit::TypedThrough;
      figures.suggested = true;
      figures.answer_ms = std::max(0.0, ms_between(typed_at[last], Clock::now()));
      continue;
    }
    std::string text = place.text;
    text.insert(place.cursor, typed);
    const auto asked = Clock::now();
    const Answered answer = ask(text, place.cursor + typed.size(), lines);
    const auto done = Clock::now();
    cache.keep(typed, answer.text);
    figures.asked_model = true;
    figures.prompt = answer.prompt, figures.computed = answer.computed, figures.written = answer.written;
    figures.first_token_ms = ms_between(typed_at[last], asked) + answer.first_ms;
    if (options_.patient && next < out.size() && typed_at[next] < done) {
      const auto late = done - typed_at[next];
      for (std::size_t i = next; i < typed_at.size(); ++i) typed_at[i] += late;
    }
    const bool overtaken = next < out.size() && typed_at[next] < done;
    if (overtaken) {
      std::size_t latest = next;
      while (latest + 1 < out.size() && typed_at[latest + 1] < done) ++latest;
      again = typed_at[latest];
      while (again < done) again += ms(kAskAgainMs);
      continue;
    }
    figures.suggested = !answer.text.empty();
    figures.answer_ms = ms_between(typed_at[last], done);
    figures.hit = figures.computed * 2 < figures.prompt ? Hit::Cached : Hit::Fresh;
  }
  return out;
}

Cold RivalSide::cold(const TypedPlace& place, std::int64_t prompt_tokens) {
  Json asked = question(place.text, place.cursor, fit(place, prompt_tokens));
  asked["clear"] = true;
  const Answered answer = answered(asked);
  return {answer.first_ms, answer.total_ms, answer.prompt};
}

Cold RivalSide::cold_after_cancel(const TypedPlace& place, std::int64_t prompt_tokens, double after_ms) {
  const Lines lines = fit(place, prompt_tokens);
  Json first = question(place.text, place.cursor, lines);
  first["clear"] = true;
  first["prompt_only"] = true;
  const auto begin = Clock::now();
  answered(first);
  const double waited = std::max(0.0, ms_between(begin, Clock::now()) - after_ms);
  // What is asked after a cancel has one character more.
  TypedPlace next = place;
  next.text.insert(next.cursor, "x");
  const Answered answer = ask(next.text, next.cursor + 1, lines);
  return {waited + answer.first_ms, waited + answer.total_ms, answer.prompt};
}

}  // namespace app

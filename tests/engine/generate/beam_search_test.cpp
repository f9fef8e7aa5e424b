// The likeliest of several answers: against all answers there are, what ends it, and that caches stay with their paths.
#include "engine/generate/beam_search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "engine/generate/advance.h"
#include "support/catch.h"
#include "tests/engine/generate/bigram_model.h"

namespace {

using engine::Ending;
using engine::Generation;
using engine::StopReason;
using engine::TokenId;
using tests::Bigram;
using Ids = std::vector<TokenId>;
using Table = std::vector<std::vector<double>>;

constexpr TokenId kEnd = 0;

struct Bench {
  Bigram model;
  engine::Session session{engine::KvCache(1, 1, 2, torch::kCPU, torch::kFloat32), {}};
  engine::ChunkSize chunks{64, 64, 1e9};
  std::int64_t context = 100;

  Generation run(engine::GenerateRequest request, const engine::OnToken& on_token = {}, std::stop_token stop = {}) {
    const torch::InferenceMode inference;
    if (request.beams == 1) request.beams = 4;
    if (request.end_ids.empty()) request.end_ids = {kEnd};
    const Generation out = engine::generate({model, session, chunks, torch::kCPU, context}, request, on_token, stop);
    CHECK(session.cache.length() == std::int64_t(session.ids.size()));
    CHECK(out.logprobs.size() == out.ids.size());
    return out;
  }
};

// The first step prefers 2, which may go on in many ways; 3 is followed by 5, then the end.
const Table kGarden = {
    {1, 0, 0, 0, 0, 0, 0},
    {0.01, 0, 0.55, 0.44, 0, 0, 0},
    {0.02, 0.02, 0, 0, 0.32, 0.32, 0.32},
    {0.02, 0, 0, 0, 0, 0.98, 0},
    {0.4, 0, 0.3, 0, 0, 0, 0.3},
    {0.9, 0, 0, 0, 0.1, 0, 0},
    {0.6, 0, 0.2, 0.1, 0.1, 0, 0},
};

Ending ends_with_end_token(std::span<const TokenId> so_far, bool end_token) { return !end_token ? Ending::Open : so_far.empty() ? Ending::Empty : Ending::Complete; }

}  // namespace

TEST_CASE("beam search: the likeliest line wins over the likeliest first token") {
  const Generation greedy = [] {
    Bench bench{Bigram(kGarden)};
    const torch::InferenceMode inference;
    return engine::generate({bench.model, bench.session, bench.chunks, torch::kCPU, 100}, {.prompt = {1}, .max_tokens = 9, .end_ids = {kEnd}}, {}, {});
  }();
  REQUIRE(greedy.ids.front() == 2);
  Bench bench{Bigram(kGarden)};
  const Generation out = bench.run({.prompt = {1}, .max_tokens = 9, .ending = ends_with_end_token});
  CHECK(out.ids == Ids{3, 5});
  CHECK(out.stop == StopReason::EndToken);
  CHECK(out.logprobs[0] == Approx(std::log(0.44)).margin(1e-5));
  CHECK(out.logprobs[1] == Approx(std::log(0.98)).margin(1e-5));
}

TEST_CASE("beam search: with room for all paths it finds the best of all answers") {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(1, 2);
  for (int round = 0; round < 60; ++round) {
    constexpr std::size_t kTokens = 4, kLongest = 3;  // 4 + 12 + 36 answers; probabilities so alike that none is left for being far behind
    Table table(kTokens, std::vector<double>(kTokens));
    for (auto& row : table) {
      double sum = 0;
      for (double& p : row) sum += p = uniform(random);
      for (double& p : row) p /= sum;
    }
    // Every answer: up to kLongest tokens, then the end or the limit.
    Ids best;
    double most = -1e9;
    const std::function<void(Ids, double)> try_all = [&](Ids ids, double score) {
      const auto last = std::size_t(ids.empty() ? 1 : ids.back());
      const auto judge = [&](double total) {
        if (total + 0.3 * double(ids.size()) > most) most = total + 0.3 * double(ids.size()), best = ids;
      };
      if (ids.size() == kLongest) return judge(score);
      if (!ids.empty()) judge(score + std::log(table[last][kEnd]));
      for (std::size_t next = 1; next < kTokens; ++next) {
        Ids longer = ids;
        longer.push_back(TokenId(next));
        try_all(longer, score + std::log(table[last][next]));
      }
    };
    try_all({}, 0);
    Bench bench{Bigram(table)};
    const Generation out = bench.run({.prompt = {1}, .max_tokens = int(kLongest), .beams = 64, .ending = ends_with_end_token});
    INFO("round " << round);
    CHECK(out.ids == best);
  }
}

TEST_CASE("beam search: nothing is the answer only where it is likelier than something") {
  for (const double nothing : {0.45, 0.55}) {
    Table table = kGarden;
    table[1] = {nothing, 0, (1 - nothing) / 2, (1 - nothing) / 2, 0, 0, 0};
    Bench bench{Bigram(table)};
    const Generation out = bench.run({.prompt = {1}, .max_tokens = 9, .ending = ends_with_end_token});
    INFO(nothing);
    CHECK(out.ids.empty() == (nothing > 0.5));
    CHECK(out.stop == StopReason::EndToken);
  }
}

TEST_CASE("beam search: what ends a path, and who is told") {
  struct Case {
    const char* name;
    engine::GenerateRequest request;
    std::int64_t context;
    Ids ids;
    StopReason stop;
  };
  const auto after_five = [](std::span<const TokenId> so_far, bool end) { return end || so_far.back() == 5 ? Ending::Complete : Ending::Open; };
  const Case cases[] = {
      {"an end token", {.prompt = {1}, .max_tokens = 9}, 100, {3, 5}, StopReason::EndToken},
      {"what the caller calls complete", {.prompt = {1}, .max_tokens = 9, .end_ids = {9}, .ending = after_five}, 100, {3, 5}, StopReason::Caller},
      {"the limit", {.prompt = {1}, .max_tokens = 1, .banned_ids = {2}}, 100, {3}, StopReason::MaxTokens},
      {"the context", {.prompt = Ids(100, 1), .max_tokens = 9, .banned_ids = {2, kEnd}}, 100, {3}, StopReason::ContextFull},
      {"no tokens wanted", {.prompt = {1}, .max_tokens = 0}, 100, {}, StopReason::MaxTokens},
      {"a ban", {.prompt = {1}, .max_tokens = 9, .banned_ids = {3}, .ending = ends_with_end_token}, 100, {2, 5}, StopReason::EndToken},
      {"steering", {.prompt = {1}, .max_tokens = 9, .steer = [](std::span<const TokenId> so_far, std::span<float> logits) {
         if (so_far.empty()) logits[3] = -INFINITY;
       }, .ending = ends_with_end_token}, 100, {2, 5}, StopReason::EndToken},
      {"what is mixed in", {.prompt = {1}, .max_tokens = 9, .mix = [](std::span<const TokenId> so_far, std::span<float> logits) {
         if (so_far.empty()) logits[6] = 5;
       }, .ending = ends_with_end_token}, 100, {6}, StopReason::EndToken},
  };
  for (const Case& c : cases) {
    Bench bench{Bigram(kGarden)};
    bench.context = c.context;
    Ids heard;
    const Generation out = bench.run(c.request, [&](const engine::GeneratedToken& token) {
      heard.push_back(token.id);
      return engine::Verdict::Continue;
    });
    INFO(c.name);
    CHECK(out.ids == c.ids);
    CHECK(out.stop == c.stop);
    CHECK(heard == c.ids);
    Ids kept = c.request.prompt;  // what the next prompt may begin with
    kept.insert(kept.end(), c.ids.begin(), c.ids.end() - (c.ids.empty() ? 0 : 1));
    CHECK(bench.session.ids == kept);
  }
}

TEST_CASE("beam search: a ban holds against what is mixed in") {
  Bench bench{Bigram(kGarden)};
  const Generation out = bench.run({.prompt = {1}, .max_tokens = 1, .banned_ids = {6}, .mix = [](std::span<const TokenId>, std::span<float> logits) { logits[6] = 50; }});
  CHECK(out.ids != Ids{6});
}

TEST_CASE("beam search: each path's cache holds that path") {
  Bench bench{Bigram(kGarden)};
  bench.run({.prompt = {1, 4, 1}, .max_tokens = 8, .end_ids = {9}});  // no end: paths change places to the limit
  CHECK(*std::max_element(bench.model.rows.begin(), bench.model.rows.end()) > 1);
  for (const torch::Tensor& cache : bench.model.caches) {
    const auto ids = cache.accessor<float, 1>();
    REQUIRE(ids[0] == 1);
    for (std::int64_t i = 3; i < ids.size(0); ++i) CHECK(kGarden[std::size_t(ids[i - 1])][std::size_t(ids[i])] > 0);  // a step that the model takes
  }
}

TEST_CASE("beam search: of answers nearly as likely, the one that what stands behind fits") {
  // 2 and 3 are both a whole answer; 4 goes on from 3, hardly from 2.
  const Table table = {
      {1, 0, 0, 0, 0},
      {0.02, 0, 0.5, 0.45, 0.03},
      {0.94, 0.02, 0, 0.02, 0.02},
      {0.6, 0, 0, 0, 0.4},
      {1, 0, 0, 0, 0},
  };
  const auto behind = [](Ids after) {
    return [after](std::span<const TokenId> answer) {
      engine::Onward out{.ids = {answer.begin(), answer.end()}, .counted = answer.size()};
      out.ids.insert(out.ids.end(), after.begin(), after.end());
      return out;
    };
  };
  struct Case {
    const char* name;
    Ids before, after;
    Ids expected;
  };
  for (const Case& c : {Case{"nothing behind", {}, {}, {2}}, {"what fits behind the likeliest too", {}, {0}, {2}}, {"what only the other leads to", {}, {4, 0}, {3}},
                        {"text of its own before the answer", {4, 4, 1}, {4, 0}, {3}}}) {
    INFO(c.name);
    Bench bench{Bigram(table)};
    Ids heard;
    engine::GenerateRequest request{.prompt = {1}, .max_tokens = 3, .text_before = c.before, .ending = ends_with_end_token};
    if (!c.after.empty()) request.onward = behind(c.after);
    const Generation out = bench.run(request, [&](const engine::GeneratedToken& token) {
      heard.push_back(token.id);
      return engine::Verdict::Continue;
    });
    CHECK(out.ids == c.expected);
    CHECK(heard == c.expected);
    CHECK(bench.session.ids == Ids{1});
  }

  Bench narrow{Bigram(table)};
  narrow.context = 4;
  CHECK(narrow.run({.prompt = {1}, .max_tokens = 2, .text_before = {4, 4, 1}, .ending = ends_with_end_token, .onward = behind({4, 0})}).ids == Ids{2});  // no room to read on

  Bench stopped{Bigram(table)};
  stopped.model.stops_within = [&] { return stopped.model.rows.size() == 2; };  // the pass that looks behind an answer
  CHECK(stopped.run({.prompt = {1}, .max_tokens = 3, .ending = ends_with_end_token, .onward = behind({4, 0})}).stop == StopReason::Cancelled);
}

TEST_CASE("beam search: a stop, between passes or within one, and a caller who has enough") {
  for (const std::size_t stopped_call : {std::size_t(2), std::size_t(3)}) {
    Bench bench{Bigram(kGarden)};
    bench.model.stops_within = [&] { return bench.model.rows.size() + 1 == stopped_call; };
    CHECK(bench.run({.prompt = {1}, .max_tokens = 9, .end_ids = {9}}).stop == StopReason::Cancelled);
    bench.model.stops_within = {};
    engine::cut_back(bench.session, 0);  // as SessionPool::take() does, to what the next prompt shares
    CHECK(bench.run({.prompt = {1}, .max_tokens = 9, .ending = ends_with_end_token}).ids == Ids{3, 5});
  }
  Bench bench{Bigram(kGarden)};
  const Generation out = bench.run({.prompt = {1}, .max_tokens = 9}, [](const engine::GeneratedToken&) { return engine::Verdict::Stop; });
  CHECK(out.ids == Ids{3});
  CHECK(out.stop == StopReason::Caller);
}

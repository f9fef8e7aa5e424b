// Drafts of a second model, against models that count on a clock of the test's own: a pass of the first takes 10 ms, one of the
// second 1 ms. Whatever the second one says, the first one's ids are the same.
#include "engine/generate/draft_model.h"

#include <array>
#include <cmath>

#include "engine/generate/advance.h"
#include "engine/generate/generator.h"
#include "support/catch.h"
#include "tests/engine/generate/counting_model.h"

namespace {

using engine::Generation;
using engine::GenerateRequest;
using engine::StopReason;
using engine::TokenId;
using tests::Counting;
using Ids = std::vector<TokenId>;

constexpr TokenId kVocabulary = 1000;  // no text of these tests comes round to where it began

struct Pair {
  double clock = 0;
  Counting model;
  engine::Session session{engine::KvCache(1, 1, 2, torch::kCPU, torch::kFloat32), {}};
  engine::ChunkSize chunks{64, 64, 1e9};
  engine::DraftLength length;
  Counting* drafting;
  engine::DraftModel draft;

  explicit Pair(std::int64_t adds, std::int64_t vocabulary = kVocabulary, std::int64_t drafts_of = kVocabulary)
      : model(vocabulary), drafting(new Counting(drafts_of)),
        draft({std::unique_ptr<engine::Model>(drafting), torch::kCPU, torch::kFloat32, 600, engine::ChunkSize(64, 64, 1e9), 1 << 20}) {
    model.alike = 16, drafting->adds = adds;
    model.clock = drafting->clock = &clock;
    model.pass_ms = 10, model.row_ms = 0.3, drafting->pass_ms = 0.9, drafting->row_ms = 0.1;
    length.has_draft_model(0.1);
  }

  Generation run(const GenerateRequest& request, std::stop_token stop = {}) {
    const torch::InferenceMode inference;
    return engine::generate({model, session, chunks, torch::kCPU, 600, &length, &draft, [this] { return clock; }}, request, {}, stop);
  }
  Generation without(GenerateRequest request) {
    request.draft_model = false;
    return run(request);
  }
};

}  // namespace

TEST_CASE("draft model: one that says what the model says saves passes") {
  Pair pair(1);
  const GenerateRequest request{.prompt = {7, 30, 4}, .max_tokens = 200};
  const Generation out = pair.run(request);
  CHECK(pair.model.calls.size() < 80);
  CHECK(out.timings.model_accepted_tokens > 120);
  CHECK(out.timings.model_accepted_tokens == out.timings.model_drafted_tokens);
  CHECK(out.timings.drafted_tokens == out.timings.model_drafted_tokens);
  CHECK(pair.session.cache.length() == std::int64_t(pair.session.ids.size()));
  const double with = pair.clock;
  Pair other(1);
  CHECK(other.without(request).ids == out.ids);
  CHECK(with < 0.6 * other.clock);
}

TEST_CASE("draft model: one that is always wrong is soon left alone, and costs little") {
  Pair pair(3), other(3);
  const GenerateRequest request{.prompt = {1}, .max_tokens = 400};
  const Generation out = pair.run(request);
  CHECK(out.ids == other.without(request).ids);
  CHECK(out.timings.model_accepted_tokens == 0);
  CHECK(out.timings.model_drafted_tokens > 0);
  CHECK(pair.drafting->calls.size() < 60);
  CHECK(pair.clock < 1.05 * other.clock);
  CHECK(other.drafting->calls.empty());
}

TEST_CASE("draft model: one as dear as the model is not asked, unless it shows to be cheaper") {
  Pair pair(1);
  pair.length.has_draft_model(1);
  pair.drafting->pass_ms = 10;
  CHECK(pair.run({.prompt = {1}, .max_tokens = 50}).timings.model_drafted_tokens == 0);
}

TEST_CASE("draft model: the ids are the same whatever ends, bans or steers them") {
  const GenerateRequest requests[] = {
      {.prompt = {1}, .max_tokens = 60, .end_ids = {40}},
      {.prompt = {1}, .max_tokens = 60, .banned_ids = {5, 6, 20}},
      {.prompt = {1}, .max_tokens = 60, .steer = [](std::span<const TokenId> so_far, std::span<float> logits) { logits[so_far.size() % 7] += 10; }},
      {.prompt = {1}, .max_tokens = 60, .sampling = {.temperature = 1, .seed = 3}},
      {.prompt = Ids(590, 8), .max_tokens = 60},  // the context ends
      {.prompt = {1}, .max_tokens = 1},
      {.prompt = {1}, .max_tokens = 0},
  };
  for (const std::int64_t adds : {1, 2})
    for (const GenerateRequest& request : requests) {
      Pair with(adds), without(adds);
      const Generation drafted = with.run(request), plain = without.without(request);
      INFO("request " << (&request - requests) << ", adds " << adds);
      CHECK(drafted.ids == plain.ids);
      CHECK(drafted.logprobs == plain.logprobs);
      CHECK(drafted.stop == plain.stop);
      CHECK(with.session.ids == without.session.ids);
    }
}

TEST_CASE("draft model: tables of other lengths: ids that one side does not know are never asked about and never verified") {
  Pair small(1, kVocabulary, 30);  // the model goes beyond 30
  const GenerateRequest request{.prompt = {20}, .max_tokens = 40};
  const Generation out = small.run(request);
  CHECK(out.timings.model_accepted_tokens > 0);
  CHECK(out.ids == Pair(1).without(request).ids);
  CHECK(Pair(1, kVocabulary, 30).run({.prompt = {500}, .max_tokens = 9}).timings.model_drafted_tokens == 0);
  Pair large(1, 30, kVocabulary);
  CHECK(large.run({.prompt = {20}, .max_tokens = 25}).ids == Pair(1, 30).without({.prompt = {20}, .max_tokens = 25}).ids);
}

TEST_CASE("draft model: a stop while it drafts ends within a token and leaves both in step") {
  const GenerateRequest request{.prompt = Ids(100, 3), .max_tokens = 60};
  const Ids plain = Pair(1).without(request).ids;
  for (const std::size_t stopped_call : {1, 2, 3, 9}) {  // while it reads the prompt, at its first guess, later
    Pair pair(1);
    std::stop_source source;
    pair.drafting->stops_within = [&] { return pair.drafting->calls.size() + 1 == stopped_call && source.request_stop(); };
    const Generation out = pair.run(request, source.get_token());
    INFO("stopped in call " << stopped_call << " after " << out.ids.size() << " tokens");
    CHECK(out.stop == StopReason::Cancelled);
    CHECK(out.ids.size() < plain.size());
    CHECK(out.ids == Ids(plain.begin(), plain.begin() + std::ptrdiff_t(out.ids.size())));
    CHECK(pair.session.cache.length() == std::int64_t(pair.session.ids.size()));
    engine::cut_back(pair.session, request.prompt.size() - 1);  // as the pool of sessions does
    const Generation again = pair.run(request);
    CHECK(again.ids == plain);
    CHECK(again.timings.model_accepted_tokens > 20);
  }
}

TEST_CASE("draft model: it reads what it has not read, and nothing before it is asked") {
  Pair pair(1);
  pair.run({.prompt = Ids(200, 3), .max_tokens = 30});
  const std::size_t before = pair.drafting->calls.size();
  Ids longer(200, 3);
  longer.push_back(4);
  engine::cut_back(pair.session, 200);
  pair.run({.prompt = longer, .max_tokens = 30});
  REQUIRE(pair.drafting->calls.size() > before);
  CHECK(pair.drafting->calls[before] <= 2);  // the rest was kept
}

TEST_CASE("draft model: drawn ids are those drawn without it, and follow the model's distribution") {
  // Two draws behind each of 2,000 seeds: chi-square of the second over the likeliest id, the next one, and the rest by halves.
  constexpr int kDraws = 2000;
  constexpr TokenId kFew = Counting::kUsualVocabulary;
  std::array<double, 4> seen{}, wanted{};
  std::int64_t accepted = 0, drafted = 0;
  for (int seed = 0; seed < kDraws; ++seed) {
    const GenerateRequest request{.prompt = {1}, .max_tokens = 3, .sampling = {.temperature = 3, .seed = std::uint64_t(seed)}};
    Pair with(1, kFew, kFew), without(1, kFew, kFew);
    const Generation out = with.run(request);
    REQUIRE(out.ids == without.without(request).ids);
    accepted += out.timings.model_accepted_tokens, drafted += out.timings.model_drafted_tokens;
    const TokenId likeliest = (out.ids[0] + 1) % kFew, next = (out.ids[0] + 2) % kFew, second = out.ids[1];
    ++seen[second == likeliest ? 0 : second == next ? 1 : second % 2 == 0 ? 2 : 3];
    const double total = std::exp(3.0) + std::exp(8.0 / 3) + kFew - 2;
    wanted[0] += std::exp(3.0) / total, wanted[1] += std::exp(8.0 / 3) / total;
    for (TokenId id = 0; id < kFew; ++id)
      if (id != likeliest && id != next) wanted[id % 2 == 0 ? 2 : 3] += 1 / total;
  }
  CHECK(accepted > 0);
  CHECK(accepted < drafted);
  double chi_square = 0;
  for (std::size_t i = 0; i < 4; ++i) chi_square += (seen[i] - wanted[i]) * (seen[i] - wanted[i]) / wanted[i];
  CHECK(chi_square < 16.27);  // 3 degrees of freedom, one in a thousand; the seeds are fixed
}

// One generation against a model that counts its calls: chunks, the stop token, bans, steering, end tokens.
#include "engine/generate/generator.h"

#include <array>
#include <cmath>

#include "support/catch.h"
#include "tests/engine/generate/counting_model.h"

namespace {

using engine::Generation;
using engine::StopReason;
using engine::TokenId;

using tests::Counting;
constexpr TokenId kVocabulary = Counting::kUsualVocabulary;

struct Bench {
  Counting model;
  engine::Session session{engine::KvCache(1, 1, 2, torch::kCPU, torch::kFloat32), {}};
  engine::ChunkSize chunks{4, 4, 1e9};
  std::int64_t context = 100;
  engine::DraftLength length;

  Generation run(const engine::GenerateRequest& request, std::stop_token stop = {}, const engine::OnToken& on_token = {}) {
    const torch::InferenceMode inference;
    return engine::generate({model, session, chunks, torch::kCPU, context, &length}, request, on_token, stop);
  }
};

using Ids = std::vector<TokenId>;

}  // namespace

TEST_CASE("generator: a pass that a stop leaves between layers counts for nothing, in the prompt and after it") {
  for (const std::size_t stopped_call : {std::size_t(2), std::size_t(5)}) {
    Bench bench;
    std::stop_source source;
    bench.model.stops_within = [&] { return bench.model.calls.size() + 1 == stopped_call; };
    const Generation out = bench.run({.prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, .max_tokens = 9}, source.get_token());
    CHECK(out.stop == StopReason::Cancelled);
    CHECK(bench.session.cache.length() == std::int64_t(bench.session.ids.size()));
    CHECK(bench.session.ids.size() == (stopped_call == 2 ? 4 : 11));
    bench.model.stops_within = {};
    CHECK(bench.run({.prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, .max_tokens = 1}).ids == Ids{13});
  }
}

TEST_CASE("generator: no tokens wanted: the prompt is computed, nothing is written") {
  Bench bench;
  const Generation out = bench.run({.prompt = {1, 2, 3, 4, 5}, .max_tokens = 0});
  CHECK(out.ids.empty());
  CHECK(bench.session.ids == Ids{1, 2, 3, 4, 5});
}

TEST_CASE("generator: the prompt goes in chunks, then a token at a time") {
  Bench bench;
  const Generation out = bench.run({.prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, .max_tokens = 3});
  CHECK(out.ids == Ids{11, 12, 13});
  CHECK(out.stop == StopReason::MaxTokens);
  CHECK(bench.model.calls == std::vector<std::int64_t>{4, 4, 2, 1, 1});  // the last token's successor is not computed
  CHECK(out.timings.prompt_tokens == 10);
  CHECK(out.timings.prefill_tokens == 10);
  CHECK(out.timings.decode_tokens == 3);
  CHECK(bench.session.ids == Ids{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(bench.session.cache.length() == 12);
}

TEST_CASE("generator: a stop during the prompt ends after the chunk, and keeps what was computed") {
  Bench bench;
  std::stop_source source;
  bench.model.on_call = [&] {
    if (bench.model.calls.size() == 2) source.request_stop();
  };
  const engine::GenerateRequest request{.prompt = Ids(15, 7), .max_tokens = 3};
  const Generation out = bench.run(request, source.get_token());
  CHECK(out.stop == StopReason::Cancelled);
  CHECK(out.ids.empty());
  CHECK(bench.model.calls.size() == 2);
  CHECK(bench.session.ids.size() == 8);
  CHECK(bench.session.cache.length() == 8);

  const Generation again = bench.run(request);
  CHECK(again.timings.prefill_tokens == 7);
  CHECK(again.ids == Ids{8, 9, 10});
}

TEST_CASE("generator: a stop while decoding ends within one token") {
  Bench bench;
  std::stop_source source;
  bench.model.on_call = [&] {
    if (bench.model.calls.size() == 3) source.request_stop();
  };
  const Generation out = bench.run({.prompt = {1}, .max_tokens = 50}, source.get_token());
  CHECK(out.stop == StopReason::Cancelled);
  CHECK(out.ids == Ids{2, 3});  // three passes gave three rows of logits; the third was not wanted any more
  CHECK(out.logprobs.size() == 2);
}

TEST_CASE("generator: what ends a generation") {
  struct Case {
    engine::GenerateRequest request;
    Ids ids;
    StopReason stop;
  };
  const Case cases[] = {
      {{.prompt = {1}, .max_tokens = 9, .end_ids = {4}}, {2, 3}, StopReason::EndToken},
      {{.prompt = {1}, .max_tokens = 9, .end_ids = {2}}, {}, StopReason::EndToken},
      {{.prompt = {1}, .max_tokens = 9, .end_ids = {4}, .banned_ids = {4}}, {2, 3, 5, 6, 7, 8, 9, 10, 11}, StopReason::MaxTokens},
      {{.prompt = {1}, .max_tokens = 3, .banned_ids = {2, 3, -5, 1000}}, {0, 1, 0}, StopReason::MaxTokens},
      {{.prompt = {1}, .max_tokens = 0}, {}, StopReason::MaxTokens},
      {{.prompt = Ids(99, 1), .max_tokens = 9}, {2, 3}, StopReason::ContextFull},   // one place left, and one token after it
      {{.prompt = Ids(100, 1), .max_tokens = 9}, {2}, StopReason::ContextFull},
  };
  for (const Case& c : cases) {
    Bench bench;
    const Generation out = bench.run(c.request);
    INFO("case " << (&c - cases));
    CHECK(out.ids == c.ids);
    CHECK(out.stop == c.stop);
    CHECK(out.logprobs.size() == out.ids.size());
  }
}

TEST_CASE("generator: steering sees the ids so far and changes the choice, not the log-probability") {
  Bench bench;
  std::vector<Ids> seen;
  const Generation out = bench.run({.prompt = {1}, .max_tokens = 3, .steer = [&](std::span<const TokenId> so_far, std::span<float> logits) {
    seen.emplace_back(so_far.begin(), so_far.end());
    if (so_far.size() == 1) logits[15] = 100;
  }});
  CHECK(out.ids == Ids{2, 15, 16});
  CHECK(seen == std::vector<Ids>{{}, {2}, {2, 15}});
  const double other = std::log(std::exp(9.0) + std::exp(8.0) + kVocabulary - 2);
  CHECK(out.logprobs[0] == Approx(9 - other).margin(1e-5));
  CHECK(out.logprobs[1] == Approx(0 - other).margin(1e-5));  // what the model itself thinks of 15
}

TEST_CASE("generator: drafts change the passes, nothing else") {
  struct Case {
    const char* name;
    engine::GenerateRequest request;
    std::size_t stop_after = 99;  // tokens after which the caller has enough
    std::int64_t context = 100;
  };
  const Ids right = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3};  // goes on as the model does, up to 11
  const Ids wrong = {1, 2, 3, 9, 9, 1, 2, 3};
  const Case cases[] = {
      {"all right", {.prompt = right, .max_tokens = 8}},
      {"then wrong", {.prompt = right, .max_tokens = 15}},
      {"wrong", {.prompt = wrong, .max_tokens = 6}},
      {"an end token", {.prompt = right, .max_tokens = 15, .end_ids = {7}}},
      {"a ban", {.prompt = right, .max_tokens = 15, .banned_ids = {6}}},
      {"the caller", {.prompt = right, .max_tokens = 15}, 3},
      {"the context", {.prompt = right, .max_tokens = 15}, 99, 19},
      {"one token", {.prompt = right, .max_tokens = 1}},
      {"steering", {.prompt = right, .max_tokens = 9, .steer = [](std::span<const TokenId> so_far, std::span<float> logits) { logits[so_far.size()] += 4; }}},
      {"sampling", {.prompt = right, .max_tokens = 15, .sampling = {.temperature = 2, .seed = 7}}},
  };
  for (const Case& c : cases) {
    Bench with, without;
    with.model.alike = without.model.alike = 8;
    with.context = without.context = c.context;
    engine::GenerateRequest request = c.request;
    std::vector<Ids> heard(2);
    const auto listen = [&](std::size_t who) {
      return [&, who](const engine::GeneratedToken& token) {
        heard[who].push_back(token.id);
        return heard[who].size() == c.stop_after ? engine::Verdict::Stop : engine::Verdict::Continue;
      };
    };
    const Generation drafted = with.run(request, {}, listen(0));
    request.drafts = false;
    const Generation plain = without.run(request, {}, listen(1));
    INFO(c.name);
    CHECK(drafted.ids == plain.ids);
    CHECK(heard[0] == heard[1]);
    CHECK(drafted.logprobs == plain.logprobs);
    CHECK(drafted.stop == plain.stop);
    CHECK(with.session.ids == without.session.ids);  // what was refused is forgotten
    CHECK(with.session.cache.length() == std::int64_t(with.session.ids.size()));
    CHECK(plain.timings.drafted_tokens == 0);
    CHECK(drafted.timings.accepted_tokens <= drafted.timings.drafted_tokens);
  }
}

TEST_CASE("generator: a draft that is right saves passes; a model whose rows differ from single ones gets none") {
  const engine::GenerateRequest request{.prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3}, .max_tokens = 6};
  Bench bench;
  bench.model.alike = 8;
  const Generation out = bench.run(request);
  CHECK(out.ids == Ids{4, 5, 6, 7, 8, 9});
  CHECK(out.timings.accepted_tokens >= 3);
  CHECK(bench.model.calls.size() < 4 + 5);
  Bench other;
  CHECK(other.run(request).ids == out.ids);
  CHECK(other.model.calls == std::vector<std::int64_t>{4, 4, 4, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("generator: a stop while drafts are verified leaves what was said, and the cache in step") {
  for (const std::size_t stopped_call : {std::size_t(5), std::size_t(6)}) {
    Bench bench;
    bench.model.alike = 8;
    bench.model.stops_within = [&] { return bench.model.calls.size() + 1 == stopped_call; };
    const Ids prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3};
    const Generation out = bench.run({.prompt = prompt, .max_tokens = 30});
    CHECK(out.stop == StopReason::Cancelled);
    CHECK(bench.session.cache.length() == std::int64_t(bench.session.ids.size()));
    CHECK(bench.session.ids.size() == prompt.size() + out.ids.size() - 1);
    bench.model.stops_within = {};
    Ids longer = prompt;
    longer.insert(longer.end(), out.ids.begin(), out.ids.end());
    CHECK(bench.run({.prompt = longer, .max_tokens = 2}).ids == Ids{TokenId(out.ids.back() + 1), TokenId(out.ids.back() + 2)});
  }
}

TEST_CASE("generator: drawn ids follow the model's distribution with drafts, too") {
  // One draw behind each of 4,000 seeds, where a draft is offered that is drawn now and then: chi-square over the four kinds of id.
  constexpr int kDraws = 4000;
  std::array<double, 4> seen{}, wanted{};
  for (int seed = 0; seed < kDraws; ++seed) {
    Bench bench;
    bench.model.alike = 8;
    const Generation out = bench.run({.prompt = {1, 2, 3, 1, 2, 3, 1}, .max_tokens = 3, .sampling = {.temperature = 3, .seed = std::uint64_t(seed)}});
    const TokenId before = out.ids[0], second = out.ids[1];
    const TokenId likeliest = (before + 1) % kVocabulary, next = (before + 2) % kVocabulary;
    ++seen[second == likeliest ? 0 : second == next ? 1 : second % 2 == 0 ? 2 : 3];
    const double total = std::exp(3.0) + std::exp(8.0 / 3) + kVocabulary - 2;
    wanted[0] += std::exp(3.0) / total, wanted[1] += std::exp(8.0 / 3) / total;
    for (TokenId id = 0; id < kVocabulary; ++id)
      if (id != likeliest && id != next) wanted[id % 2 == 0 ? 2 : 3] += 1 / total;
  }
  double chi_square = 0;
  for (std::size_t i = 0; i < 4; ++i) chi_square += (seen[i] - wanted[i]) * (seen[i] - wanted[i]) / wanted[i];
  CHECK(chi_square < 16.27);  // 3 degrees of freedom, one in a thousand; the seeds are fixed
}

TEST_CASE("chunk size: aims at its time, within bounds, and ignores the rest of a prompt") {
  engine::ChunkSize size(64, 256, 100);
  size.measured(64, 110);
  CHECK(size.next() == 64);
  size.measured(64, 40);
  CHECK(size.next() == 128);
  size.measured(10, 1);  // a rest
  CHECK(size.next() == 128);
  for (int i = 0; i < 5; ++i) size.measured(size.next(), 10);
  CHECK(size.next() == 256);
  for (int i = 0; i < 9; ++i) size.measured(size.next(), 9000);
  CHECK(size.next() == 32);
}

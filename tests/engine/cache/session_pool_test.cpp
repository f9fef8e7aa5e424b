// Which session a prompt gets, and what of it is kept.
#include "engine/cache/session_pool.h"

#include <numeric>
#include <random>

#include "support/catch.h"

namespace {

using engine::Session;
using engine::SessionPool;
using tokenizer::TokenId;
using Ids = std::vector<TokenId>;

engine::ModelConfig small() {
  engine::ModelConfig config;
  config.layers = 1, config.kv_heads = 1, config.head_width = 2;
  return config;
}

Ids counting(int from, int count) {
  Ids ids(std::size_t(count), 0);
  std::iota(ids.begin(), ids.end(), from);
  return ids;
}

// Takes a session for the prompt, computes the rest as a generation would, and says how many tokens were kept.
std::int64_t run(SessionPool& pool, const Ids& prompt) {
  Session& session = pool.take(prompt);
  const std::int64_t kept = session.cache.length(), rest = std::int64_t(prompt.size()) - kept;
  CHECK(kept == std::int64_t(session.ids.size()));
  CHECK(std::equal(session.ids.begin(), session.ids.end(), prompt.begin()));
  session.cache.append(0, torch::zeros({1, rest, 2}), torch::zeros({1, rest, 2}));
  session.cache.advance(rest);
  session.ids = prompt;
  return kept;
}

SessionPool make(std::size_t most, std::int64_t budget = 1 << 30) { return {small(), torch::kCPU, torch::kFloat32, most, budget}; }

}  // namespace

TEST_CASE("session pool: a prompt that grows, repeats or diverges computes only what is new") {
  SessionPool pool = make(4);
  CHECK(run(pool, counting(0, 10)) == 0);
  CHECK(run(pool, counting(0, 14)) == 10);
  CHECK(run(pool, counting(0, 14)) == 13);  // the last token is always computed: its logits are wanted
  Ids edited = counting(0, 14);
  edited[12] = 99;
  CHECK(run(pool, edited) == 12);
  CHECK(run(pool, counting(0, 5)) == 4);
  CHECK(pool.size() == 1);
}

TEST_CASE("session pool: documents that only begin alike keep their own sessions") {
  SessionPool pool = make(2);
  Ids a = counting(0, 40), b = counting(0, 40);
  for (int i = 4; i < 40; ++i) b[std::size_t(i)] += 1000;
  CHECK(run(pool, a) == 0);
  CHECK(run(pool, b) == 0);  // four tokens alike are not worth losing a
  CHECK(run(pool, a) == 39);
  CHECK(run(pool, b) == 39);
  CHECK(pool.size() == 2);
}

TEST_CASE("session pool: the least recently used makes room") {
  SessionPool pool = make(2);
  run(pool, counting(0, 20));
  run(pool, counting(100, 20));
  run(pool, counting(0, 20));
  CHECK(run(pool, counting(200, 20)) == 0);  // in place of 100
  CHECK(run(pool, counting(0, 20)) == 19);
  CHECK(run(pool, counting(100, 20)) == 0);
  CHECK(pool.size() == 2);
}

TEST_CASE("session pool: where much would be lost the session branches, and both ends stay good") {
  SessionPool pool = make(8);
  Ids here = counting(0, 300), there = counting(0, 300);
  for (int i = 150; i < 300; ++i) there[std::size_t(i)] += 1000;  // another place in the same file
  CHECK(run(pool, here) == 0);
  CHECK(run(pool, there) == 150);
  CHECK(run(pool, here) == 299);
  CHECK(run(pool, there) == 299);
  CHECK(pool.size() == 2);
  there[290] = 7;  // a typed word needs no branch
  CHECK(run(pool, there) == 290);
  CHECK(pool.size() == 2);
}

// A session's rows say which token they were computed for.
TEST_CASE("session pool: any mix of prompts from a few documents computes only what no session holds, and rows stay with their tokens") {
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    SessionPool pool = make(4 + std::size_t(round) % 5, std::int64_t(256) * 1024);
    std::vector<Ids> documents;
    for (int i = 0; i < 4; ++i) documents.push_back(counting(i < 2 ? 0 : 5000 * i, 200 + int(random() % 200)));
    for (int step = 0; step < 60; ++step) {
      Ids& document = documents[random() % documents.size()];
      if (random() % 2 == 0) document[random() % document.size()] = TokenId(20'000 + random() % 1000);
      const Ids prompt(document.begin(), document.begin() + 1 + std::ptrdiff_t(random() % document.size()));
      Session& session = pool.take(prompt);
      REQUIRE(session.ids.size() < prompt.size());
      REQUIRE(std::equal(session.ids.begin(), session.ids.end(), prompt.begin()));
      REQUIRE(session.cache.length() == std::int64_t(session.ids.size()));
      const auto rest = std::vector<float>(prompt.begin() + std::ptrdiff_t(session.ids.size()), prompt.end());
      const torch::Tensor rows = torch::tensor(rest).view({1, -1, 1}).expand({1, -1, 2});
      const auto seen = session.cache.append(0, rows, -rows);
      REQUIRE(torch::equal(seen.keys_KSD.select(2, 0)[0], torch::tensor(std::vector<float>(prompt.begin(), prompt.end()))));
      REQUIRE(torch::equal(seen.values_KSD, -seen.keys_KSD));
      session.cache.advance(std::int64_t(rest.size()));
      session.ids = prompt;
    }
  }
}

TEST_CASE("session pool: keeps its budget, though never less than the session in use") {
  const std::int64_t one = 256 * engine::KvCache::bytes_per_token(1, 1, 2, torch::kFloat32);
  SessionPool pool = make(8, 2 * one);
  for (int i = 0; i < 5; ++i) run(pool, counting(i * 100, 20));
  CHECK(pool.size() <= 3);  // two, and the one just taken, which is counted when the next is
  SessionPool tiny = make(8, 1);
  run(tiny, counting(0, 20));
  CHECK(run(tiny, counting(0, 20)) == 19);
  run(tiny, counting(100, 20));
  CHECK(tiny.size() == 1);
  tiny.clear();
  CHECK(tiny.size() == 0);
  CHECK(run(tiny, counting(100, 20)) == 0);
}

// Copying as an engine: it goes on as the most similar place did, obeys bans, steering and the stop token, and says how sure it is.
#include "engine/ngram/copy_engine.h"

#include <cmath>
#include <limits>
#include <random>

#include "engine/ngram/index.h"
#include "support/catch.h"

namespace {

using namespace engine;
constexpr std::int64_t kVocabulary = 100;

std::shared_ptr<const NgramIndex> workspace(std::vector<std::vector<TokenId>> documents) {
  std::vector<TokenDocument> list;
  for (auto& tokens : documents) list.push_back({list.size() + 1, std::move(tokens)});
  return std::make_shared<const NgramIndex>(NgramIndex().with(Segment::build(std::move(list))));
}

Generation generated(GenerateRequest request, const OnToken& on_token = {}, std::stop_token stop = {}) {
  auto out = CopyEngine(kVocabulary).generate(request, on_token, stop);
  REQUIRE(out);
  return *std::move(out);
}

}  // namespace

TEST_CASE("the longest match is gone on with, to the document's end") {
  const auto pool = workspace({{1, 2, 3, 4, 5}, {9, 2, 3, 7, 8}, {9, 2, 3, 7, 8}});
  CHECK(generated({.prompt = {1, 2, 3}, .workspace = pool}).ids == std::vector<TokenId>{4, 5});
  CHECK(generated({.prompt = {2, 3}, .workspace = pool}).ids == std::vector<TokenId>{7, 8});
  CHECK(generated({.prompt = {2, 3}, .workspace = pool}).stop == StopReason::EndToken);
  CHECK(generated({.prompt = {2, 3}, .max_tokens = 1, .workspace = pool}).stop == StopReason::MaxTokens);
  CHECK(generated({.prompt = {2, 3}, .end_ids = {8}, .workspace = pool}).ids == std::vector<TokenId>{7});
  CHECK(generated({.prompt = {2, 3}, .banned_ids = {7}, .workspace = pool}).ids == std::vector<TokenId>{4, 5});
  CHECK(generated({.prompt = {2, 3}}).ids.empty());
}

TEST_CASE("probabilities are probabilities, also where one sample stands for a hundred thousand places") {
  std::mt19937 random(4);
  for (int round = 0; round < 2'000; ++round) {
    LookUp found;
    for (std::uint32_t length = 9; length-- > 0;)
      for (std::uint32_t i = random() % 4; i-- > 0;)
        found.continuations.push_back({TokenId(random() % 5), length, length < 4 ? 333'333.3f * float(1 + random() % 7) / 3 : 0.1f * float(1 + random() % 9)});
    const Prediction prediction = predict(found);
    double sum = 0;
    for (const TokenChance& chance : prediction.chances) {
      REQUIRE(chance.probability >= 0);
      sum += double(chance.probability);
    }
    REQUIRE(sum <= 1 + 1e-5);
  }
}

TEST_CASE("what more places agree on is surer") {
  const auto sure = [](std::vector<std::vector<TokenId>> documents) { return generated({.prompt = {1, 2}, .max_tokens = 1, .workspace = workspace(std::move(documents))}).logprobs.at(0); };
  const float once = sure({{1, 2, 3}}), thrice = sure({{1, 2, 3}, {1, 2, 3}, {1, 2, 3}}), torn = sure({{1, 2, 3}, {1, 2, 3}, {1, 2, 4}});
  CHECK(thrice > once);
  CHECK(thrice > torn);
  CHECK(thrice <= 0);
}

TEST_CASE("steering, the caller and the stop token are obeyed") {
  const auto pool = workspace({{1, 2, 3, 4, 5, 6}, {1, 2, 7, 8}});
  const auto only = [](TokenId wanted) {
    return [wanted](std::span<const TokenId> so_far, std::span<float> logits) {
      if (!so_far.empty()) return;
      for (std::size_t i = 0; i < logits.size(); ++i)
        if (TokenId(i) != wanted) logits[i] = -std::numeric_limits<float>::infinity();
    };
  };
  CHECK(generated({.prompt = {1, 2}, .steer = only(7), .workspace = pool}).ids == std::vector<TokenId>{7, 8});
  CHECK(generated({.prompt = {1, 2}, .steer = only(50), .workspace = pool}).ids.empty());
  const auto stopped = generated({.prompt = {1, 2, 3}, .workspace = pool}, [](const GeneratedToken&) { return Verdict::Stop; });
  CHECK(stopped.ids.size() == 1);
  CHECK(stopped.stop == StopReason::Caller);
  std::stop_source stop;
  stop.request_stop();
  CHECK(generated({.prompt = {1, 2}, .workspace = pool}, {}, stop.get_token()).stop == StopReason::Cancelled);
  CHECK_FALSE(CopyEngine(kVocabulary).generate({.prompt = {}, .workspace = pool}, {}, {}));
}

TEST_CASE("probabilities sum to at most one, and longer contexts outweigh shorter ones") {
  const auto pool = workspace({{1, 2, 3}, {2, 4}, {2, 4}, {5, 5, 5, 6}});
  for (const std::vector<TokenId>& context : {std::vector<TokenId>{1, 2}, {2}, {5, 5}, {77}, {}}) {
    const Prediction prediction = predict(pool->look_up(context));
    float sum = 0;
    for (const auto& chance : prediction.chances) sum += chance.probability;
    CHECK(sum > 0);
    CHECK(sum <= 1.0001f);
  }
  CHECK(predict(pool->look_up(std::vector<TokenId>{1, 2})).chances[0].token == 3);
  CHECK(predict(pool->look_up(std::vector<TokenId>{9, 2})).chances[0].token == 4);
}

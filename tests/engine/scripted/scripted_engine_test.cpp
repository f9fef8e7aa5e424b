#include "engine/scripted/scripted_engine.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "support/catch.h"
#include "tokenizer/byte_tokenizer.h"

using engine::GenerateRequest;
using engine::ScriptedEngine;
using engine::StopReason;
using tokenizer::TokenId;

namespace {

constexpr TokenId kEnd = tokenizer::byte_ids::kEnd;

ScriptedEngine engine_of(std::string_view json) {
  auto script = engine::parse_script(json, "s.json");
  REQUIRE(script);
  return ScriptedEngine(*std::move(script));
}

GenerateRequest request_for(std::string_view prompt) {
  GenerateRequest request;
  request.prompt = tokenizer::make_byte_tokenizer()->encode(prompt, {.parse_special = true});
  request.end_ids = {kEnd};
  request.max_tokens = 100;
  return request;
}

std::string text_of(const engine::Generation& generation) { return tokenizer::make_byte_tokenizer()->decode(generation.ids, true); }

std::string answer(ScriptedEngine& engine, const GenerateRequest& request) {
  const auto out = engine.generate(request, nullptr, {});
  REQUIRE(out);
  return text_of(*out) + "/" + engine::stop_reason_name(out->stop);
}

double ms_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("a scripted engine writes the reply and ends") {
  ScriptedEngine engine = engine_of(R"j({"replies": [{"prefix_ends": "(", "text": "a, é)"}]})j");
  CHECK(answer(engine, request_for("f(")) == "a, é)/end");
  CHECK(answer(engine, request_for("f")) == "/end");
}

TEST_CASE("the text before the cursor of a fill-in-the-middle prompt is the prefix and what follows the middle marker") {
  ScriptedEngine engine = engine_of(R"({"replies": [{"prefix_ends": "ab", "suffix_starts": "z", "text": "1"}]})");
  CHECK(answer(engine, request_for("<|fim_prefix|>a<|fim_suffix|>z<|fim_middle|>b")) == "1/end");
  CHECK(answer(engine, request_for("<|fim_suffix|>z<|fim_prefix|>ab")) == "1/end");
  CHECK(answer(engine, request_for("<|fim_prefix|>b<|fim_suffix|>z<|fim_middle|>a")) == "/end");
}

TEST_CASE("a scripted engine keeps the limits of a request") {
  ScriptedEngine engine = engine_of(R"({"replies": ["hello"], "context_length": 8})");
  GenerateRequest request = request_for("x");
  request.max_tokens = 3;
  CHECK(answer(engine, request) == "hel/length");
  CHECK(answer(engine, request_for("12345")) == "hel/context");
  request = request_for("x");
  request.end_ids = {'l'};
  CHECK(answer(engine, request) == "he/end");
  int seen = 0;
  const auto out = engine.generate(
      request_for("x"), [&](const engine::GeneratedToken&) { return ++seen == 2 ? engine::Verdict::Stop : engine::Verdict::Continue; }, {});
  REQUIRE(out);
  CHECK(text_of(*out) == "he");
  CHECK(out->stop == StopReason::Caller);
}

TEST_CASE("a banned byte is never said: the pretended model ends instead") {
  ScriptedEngine engine = engine_of(R"({"replies": ["hello"]})");
  GenerateRequest request = request_for("x");
  request.banned_ids = {'l'};
  CHECK(answer(engine, request) == "he/end");
}

TEST_CASE("control tokens are said only where the reply asks for them") {
  ScriptedEngine engine = engine_of(R"({"in_order": true, "replies": ["a<|fim_middle|>b", {"text": "a<|fim_middle|>b", "special": true}]})");
  const auto text = engine.generate(request_for("x"), nullptr, {});
  REQUIRE(text);
  CHECK(text->ids.size() == 16);
  const auto special = engine.generate(request_for("x"), nullptr, {});
  REQUIRE(special);
  CHECK(special->ids == std::vector<TokenId>{'a', tokenizer::byte_ids::kFimMiddle, 'b'});
}

TEST_CASE("steering: forced bytes use up the reply's where they agree and are inserted where they do not") {
  const auto forcing = [](std::string_view forced) {
    return [forced](std::span<const TokenId> so_far, std::span<float> logits) {
      if (so_far.size() >= forced.size()) return;
      for (std::size_t id = 0; id < logits.size(); ++id)
        if (TokenId(id) != forced[so_far.size()]) logits[id] = -std::numeric_limits<float>::infinity();
    };
  };
  ScriptedEngine engine = engine_of(R"({"replies": ["foobar"]})");
  GenerateRequest request = request_for("x");
  request.steer = forcing("foo");
  CHECK(answer(engine, request) == "foobar/end");
  request.steer = forcing("my_");
  CHECK(answer(engine, request) == "my_foobar/end");
}

TEST_CASE("what the previous prompt shares is not computed again") {
  ScriptedEngine engine = engine_of(R"({"replies": ["yz"]})");
  const auto computed = [&](std::string_view prompt) {
    const auto out = engine.generate(request_for(prompt), nullptr, {});
    REQUIRE(out);
    CHECK(out->timings.prompt_tokens == std::int64_t(prompt.size()));
    return out->timings.prefill_tokens;
  };
  CHECK(computed("abcd") == 4);
  CHECK(computed("abcde") == 1);
  CHECK(computed("abcde") == 1);   // the last token is always computed
  CHECK(computed("abcdeyz!") == 1);  // the answer was kept too
  CHECK(computed("abX") == 1);
  CHECK(computed("Q") == 1);
}

TEST_CASE("bad requests are refused with a sentence and the engine goes on") {
  ScriptedEngine engine = engine_of(R"({"context_length": 4, "replies": [{"prefix_ends": "!", "error": "the device is on fire"}, "a"]})");
  const auto refusal = [&](const GenerateRequest& request) {
    const auto out = engine.generate(request, nullptr, {});
    REQUIRE_FALSE(out);
    return out.error().message;
  };
  CHECK(refusal(GenerateRequest{}) == "the prompt is empty: expected at least one token");
  CHECK(refusal(request_for("12345")) == "the prompt has 5 tokens: the model's context holds 4");
  CHECK(refusal({.prompt = {260}}) == "token id 260 is outside the vocabulary of 260");
  CHECK(refusal(request_for("x!")) == "the device is on fire");
  CHECK(answer(engine, request_for("x")) == "a/end");
}

TEST_CASE("where the text must not begin as it would, the first alternative that may is written") {
  ScriptedEngine engine = engine_of(R"({"replies": [{"text": "one", "alternatives": ["only", "two", "twelve"]}]})");
  const auto without = [&](std::string_view banned, std::size_t at) {
    GenerateRequest request = request_for("x");
    request.steer = [banned, at](std::span<const TokenId> so_far, std::span<float> logits) {
      if (so_far.size() != at) return;
      for (const char c : banned) logits[std::size_t(static_cast<unsigned char>(c))] = -std::numeric_limits<float>::infinity();
    };
    return answer(engine, request);
  };
  CHECK(without("", 0) == "one/end");
  CHECK(without("o", 0) == "two/end");
  CHECK(without("ot", 0) == "/end");
  CHECK(without("n", 1) == "o/end");  // "only" parts from it later
  CHECK(without("e", 2) == "only/end");
}

TEST_CASE("a stop token ends a long prefill and a slow answer at once") {
  ScriptedEngine slow_prefill = engine_of(R"({"prefill_ms_per_token": 100000, "prefill_chunk": 1, "replies": ["a"]})");
  ScriptedEngine slow_answer = engine_of(R"({"ms_per_token": 100000, "replies": ["a"]})");
  for (ScriptedEngine* engine : {&slow_prefill, &slow_answer}) {
    std::stop_source source;
    std::jthread later([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      source.request_stop();
    });
    CHECK(ms_of([&] {
            const auto out = engine->generate(request_for("some prompt"), nullptr, source.get_token());
            REQUIRE(out);
            CHECK(out->stop == StopReason::Cancelled);
            CHECK(out->ids.empty());
          }) < 5000);
  }
}

TEST_CASE("times are kept") {
  ScriptedEngine engine = engine_of(R"({"prefill_ms_per_token": 2, "ms_per_token": 10, "replies": ["abc"]})");
  const auto out = engine.generate(request_for("12345"), nullptr, {});
  REQUIRE(out);
  CHECK(out->timings.prefill_ms >= 10);
  CHECK(out->timings.decode_ms >= 30);
}

TEST_CASE("loading takes as long as the script says, tells its progress and can fail or be cancelled") {
  const auto path = std::filesystem::temp_directory_path() / ("rigpilot_script_" + std::to_string(::getpid()) + ".json");
  const auto write = [&](std::string_view text) { std::ofstream(path) << text; };
  write(R"({"load_ms": 20, "name": "slow"})");
  double last = 0;
  CHECK(ms_of([&] {
          const auto engine = engine::load_scripted(path, [&](double fraction) { last = fraction; });
          REQUIRE(engine);
          CHECK((*engine)->info().name == "slow");
          CHECK((*engine)->info().load_ms >= 20);
        }) >= 20);
  CHECK(last == 1);
  write(R"({"load_error": "no room for the weights"})");
  const auto failed = engine::load_scripted(path);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "no room for the weights");
  write(R"({"load_ms": 100000})");
  std::stop_source stopped;
  stopped.request_stop();
  const auto cancelled = engine::load_scripted(path, nullptr, stopped.get_token());
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().code == base::ErrorCode::Cancelled);
  std::filesystem::remove(path);
  CHECK_FALSE(engine::load_scripted(path));
}

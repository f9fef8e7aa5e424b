// The Engine as its users see it: reuse, scoring in windows, sampling by seed, a smaller context; and what libtorch throws.
#include "engine/torch/torch_engine.h"

#include <torch/torch.h>

#include <cmath>
#include <filesystem>

#include "engine/torch/guard.h"
#include "support/catch.h"

namespace {

using engine::TokenId;
using Ids = std::vector<TokenId>;

const std::filesystem::path kModel = std::filesystem::path(RIGPILOT_SOURCE_DIR) / "tests/parity/data/llama-plain-old-spelling";  // context 64, vocabulary 61

std::unique_ptr<engine::Engine> load(std::int64_t max_context = 0) {
  auto loaded = engine::load_torch_engine({.path = kModel, .device = "cpu", .dtype = "f32", .max_context = max_context}, {}, {});
  if (!loaded) FAIL(loaded.error().message);
  return std::move(*loaded);
}

Ids some_ids(int count, int step = 17) {
  Ids ids;
  for (int i = 0; i < count; ++i) ids.push_back((i * i * step + i) % 61);
  return ids;
}

engine::Generation run(engine::Engine& model, const engine::GenerateRequest& request) {
  auto out = model.generate(request, {}, {});
  if (!out) FAIL(out.error().message);
  return std::move(*out);
}

}  // namespace

TEST_CASE("engine: prompts that share their start give what a fresh engine gives") {
  const auto kept = load();
  Ids edited = some_ids(40);
  edited[30] = 3;
  struct Case {
    Ids prompt;
    std::int64_t computed;
  };
  const Case cases[] = {{some_ids(40), 40}, {some_ids(44), 4}, {edited, 10}, {some_ids(12), 1}, {some_ids(40, 5), 40}, {some_ids(40), 28}};
  for (const Case& c : cases) {
    const engine::GenerateRequest request{.prompt = c.prompt, .max_tokens = 8};
    const engine::Generation reused = run(*kept, request), fresh = run(*load(), request);
    INFO("prompt of " << c.prompt.size() << ", " << reused.timings.prefill_tokens << " computed");
    CHECK(reused.ids == fresh.ids);
    CHECK(reused.timings.prefill_tokens == c.computed);
    for (std::size_t i = 0; i < fresh.logprobs.size(); ++i) CHECK(reused.logprobs[i] == Approx(fresh.logprobs[i]).margin(1e-4));
  }
}

TEST_CASE("engine: a text longer than the context is scored in windows that keep half a context of history") {
  const auto model = load();
  const Ids ids = some_ids(150);
  const auto score = [&](std::size_t first, std::size_t count) { return *model->score(std::span(ids).subspan(first, count), {}); };
  const std::vector<float> all = score(0, 150), start = score(0, 65), second = score(32, 65), third = score(64, 65);
  REQUIRE(all.size() == 149);
  for (std::size_t i = 0; i < 64; ++i) CHECK(all[i] == Approx(start[i]).margin(1e-4));
  for (std::size_t i = 64; i < 96; ++i) CHECK(all[i] == Approx(second[i - 32]).margin(1e-4));
  for (std::size_t i = 96; i < 128; ++i) CHECK(all[i] == Approx(third[i - 64]).margin(1e-4));
  CHECK(score(0, 1).empty());
  CHECK(score(0, 0).empty());
  std::stop_source stop;
  stop.request_stop();
  CHECK(model->score(ids, stop.get_token()).error().code == base::ErrorCode::Cancelled);
  CHECK(model->score(Ids{1, 61}, {}).error().message == "token id 61 is outside the vocabulary: expected 0 to 60");
}

TEST_CASE("engine: the same seed samples the same ids, another one others") {
  const auto model = load();
  const auto sampled = [&](std::uint64_t seed) {
    return run(*model, {.prompt = {1, 2, 3}, .max_tokens = 20, .sampling = {.temperature = 1.5, .seed = seed}}).ids;
  };
  CHECK(sampled(5) == sampled(5));
  CHECK(sampled(5) != sampled(6));
}

TEST_CASE("engine: a smaller context is kept to") {
  const auto model = load(16);
  CHECK(model->info().context_length == 16);
  CHECK(model->generate({.prompt = Ids(17, 1)}, {}, {}).error().message == "the prompt has 17 tokens, but the model's context holds 16");
  CHECK(run(*model, {.prompt = Ids(10, 1), .max_tokens = 50}).ids.size() == 7);  // six that are read again, and one after them
}

TEST_CASE("engine: what is told of the model") {
  const auto model = load();
  const engine::ModelInfo& info = model->info();
  CHECK(info.architecture == "llama");
  CHECK(info.device == "cpu");
  CHECK(info.dtype == "float32");
  CHECK(info.quant == "none");
  CHECK(info.resident_bytes == 4 * info.parameters);
  CHECK(info.load_ms > 0);
}

TEST_CASE("engine: a prompt that starts like an earlier one computes only the rest, with the same result") {
  const auto model = load();
  const Ids prompt = some_ids(37);
  const engine::Generation first = run(*model, {.prompt = prompt, .max_tokens = 8});
  Ids longer = prompt;
  longer.insert(longer.end(), first.ids.begin(), first.ids.begin() + 4);
  const engine::Generation second = run(*model, {.prompt = longer, .max_tokens = 4});
  CHECK(first.timings.prefill_tokens == 37);
  CHECK(second.timings.prefill_tokens == 1);
  CHECK(Ids(first.ids.begin() + 4, first.ids.end()) == second.ids);
}

TEST_CASE("engine: refuses what it cannot do with a sentence and goes on") {
  const auto loaded = load();
  engine::Engine& model = *loaded;
  CHECK(model.generate({.prompt = {}}, {}, {}).error().message == "the prompt is empty: expected at least one token");
  CHECK(model.generate({.prompt = {3, 61}}, {}, {}).error().message == "token id 61 is outside the vocabulary: expected 0 to 60");
  CHECK(model.generate({.prompt = {-1}}, {}, {}).error().message == "token id -1 is outside the vocabulary: expected 0 to 60");
  CHECK(model.generate({.prompt = Ids(65, 1)}, {}, {}).error().message == "the prompt has 65 tokens, but the model's context holds 64");
  CHECK(model.generate({.prompt = Ids(60, 1), .max_tokens = 100}, {}, {})->stop == engine::StopReason::ContextFull);
  CHECK(model.generate({.prompt = {1}, .max_tokens = 2}, {}, {})->ids.size() == 2);
  CHECK(engine::load_torch_engine({.path = kModel, .device = "gpu"}, {}, {}).error().message == "device 'gpu': expected auto, cpu, cuda or cuda:N");
  CHECK(engine::load_torch_engine({.path = kModel, .dtype = "f8"}, {}, {}).error().message == "dtype 'f8': expected auto, f32, bf16 or f16");
}

TEST_CASE("engine: stopping is seen before the prompt, between tokens, and by the caller's word") {
  const auto model = load();
  std::stop_source before;
  before.request_stop();
  CHECK(model->generate({.prompt = {1, 2, 3}}, {}, before.get_token())->stop == engine::StopReason::Cancelled);

  std::stop_source between;
  int seen = 0;
  const auto stopped = model->generate({.prompt = {1, 2, 3}, .max_tokens = 20}, [&](const engine::GeneratedToken&) {
    if (++seen == 3) between.request_stop();
    return engine::Verdict::Continue;
  }, between.get_token());
  CHECK(stopped->stop == engine::StopReason::Cancelled);
  CHECK(stopped->ids.size() == 3);

  const auto enough = model->generate({.prompt = {1, 2, 3}, .max_tokens = 20}, [](const engine::GeneratedToken&) { return engine::Verdict::Stop; }, {});
  CHECK(enough->stop == engine::StopReason::Caller);
  CHECK(enough->ids.size() == 1);
}

TEST_CASE("guard: what libtorch and the standard library throw becomes one sentence") {
  using base::ErrorCode;
  const auto error = [](auto&& throwing) {
    const auto result = engine::guard("generating", [&]() -> base::Result<int> { return throwing(), 1; });
    REQUIRE(!result);
    CHECK(result.error().message.starts_with("generating: "));
    CHECK(result.error().message.find('\n') == std::string::npos);
    return result.error().code;
  };
  CHECK(error([] { throw std::bad_alloc(); }) == ErrorCode::OutOfMemory);
  CHECK(error([] { torch::empty({std::int64_t(1) << 50}); }) == ErrorCode::OutOfMemory);
  CHECK(error([] { torch::ones({2, 3}).mm(torch::ones({2, 3})); }) == ErrorCode::Failed);
  CHECK(error([] { throw std::runtime_error("two\nlines"); }) == ErrorCode::Failed);
  CHECK(engine::guard("x", []() -> base::Result<int> { return 7; }).value() == 7);
}

// Real weights: SmolLM2's Q4_1 GGUF, quantised and expanded, against what llama.cpp and transformers generate greedily from it.
#include <chrono>
#include <cmath>
#include <numeric>
#include <stop_token>
#include <thread>

#include "engine/torch/torch_engine.h"
#include "support/catch.h"
#include "support/weights.h"

namespace {

using engine::TokenId;

// "def fibonacci(n):\n", and its 48 greedy tokens: the same from llama.cpp on the quantised weights and from transformers on
// the expanded ones, so no near-tie divides them.
const std::vector<TokenId> kPrompt = {1604, 3987, 46477, 24, 94, 727, 198};
const std::vector<TokenId> kGreedy = {198, 1604, 3987, 46477, 24, 94, 727, 472, 585, 304, 10204, 216, 33, 42, 448, 1003,
                                      304, 472, 1745, 42, 448, 1003, 3987, 46477, 24, 94, 731, 216, 33, 25, 1232, 3987,
                                      46477, 24, 94, 731, 216, 34, 25, 198, 198, 3272, 24, 38572, 46477, 24, 33, 32};

std::unique_ptr<engine::Engine> load(engine::Quant quant, const std::string& dtype = "f32") {
  const auto path = tests::smollm2();
  if (!path) {
    WARN("SmolLM2's weights are not here: scripts/get-weights installs them");
    return nullptr;
  }
  auto loaded = engine::load_torch_engine({.path = *path, .device = "cpu", .dtype = dtype, .quant = quant}, {}, {});
  if (!loaded) FAIL(loaded.error().message);
  return std::move(*loaded);
}

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("SmolLM2 as stored writes what llama.cpp writes", "[weights]") {
  const auto model = load(engine::Quant::Auto);
  if (!model) return;
  CHECK(model->info().quant == "q4_1");
  CHECK(model->info().parameters == 134515008);
  CHECK(model->info().resident_bytes < 134515008);  // less than a byte a weight
  CHECK(model->generate({.prompt = kPrompt, .max_tokens = 48}, {}, {})->ids == kGreedy);
}

TEST_CASE("SmolLM2 with int8 activations writes what llama.cpp writes, and rates a text as the expanded weights do", "[weights]") {
  const auto model = load(engine::Quant::Auto, "auto");
  if (!model) return;
  CHECK(model->info().dtype == "int8");
  CHECK(model->generate({.prompt = kPrompt, .max_tokens = 48}, {}, {})->ids == kGreedy);

  std::vector<TokenId> text = kPrompt;  // real text: the program it writes
  text.insert(text.end(), kGreedy.begin(), kGreedy.end());
  const auto own = model->score(text, {}), exact = load(engine::Quant::None)->score(text, {});
  double off = 0;
  for (size_t i = 0; i < own->size(); ++i) off += double((*own)[i]) - double((*exact)[i]);
  const double total = -std::accumulate(exact->begin(), exact->end(), 0.0);
  CHECK(std::abs(off) / total < 0.03);  // short; bench/results.md has bits per byte of long texts
}

TEST_CASE("SmolLM2 expanded to f32 writes what transformers writes", "[weights]") {
  const auto model = load(engine::Quant::None);
  if (!model) return;
  const auto generation = model->generate({.prompt = kPrompt, .max_tokens = 48}, {}, {});
  CHECK(generation->ids == kGreedy);
  CHECK(generation->logprobs[0] == Approx(-1.4195).margin(1e-3));  // as transformers printed it
  CHECK(generation->logprobs[1] == Approx(-0.6796).margin(1e-3));
}

TEST_CASE("a cancelled prefill frees the engine within one chunk", "[weights]") {
  const auto model = load(engine::Quant::Auto);
  if (!model) return;
  const std::vector<TokenId> prompt(4000, 198);
  std::stop_source stop;
  std::chrono::steady_clock::time_point asked;
  std::jthread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    asked = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  const auto started = std::chrono::steady_clock::now();
  const auto stopped = model->generate({.prompt = prompt, .max_tokens = 1}, {}, stop.get_token());
  const double waited = ms_since(asked), ms_a_token = ms_since(started) / double(std::max<std::int64_t>(1, stopped->timings.prefill_tokens));
  WARN("cancelled after 700 ms: free again " << waited << " ms later, " << stopped->timings.prefill_tokens << " of 4000 tokens computed");
  CHECK(stopped->stop == engine::StopReason::Cancelled);
  CHECK(waited < 500 + 1024 * ms_a_token);  // twice the largest chunk at the speed of this very run: machines are busy

  const auto again = model->generate({.prompt = {prompt.begin(), prompt.begin() + std::min<std::int64_t>(3999, stopped->timings.prefill_tokens + 1)}, .max_tokens = 1}, {}, {});
  CHECK(again->timings.prefill_tokens == 1);  // what was computed is kept
}

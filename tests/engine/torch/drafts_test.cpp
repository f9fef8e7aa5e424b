// Drafts are lossless: two engines with the same weights are asked the same questions in turn, one with drafts and one without, and
// must agree in every id and every bit of every log-probability: greedily and drawn, with stops, ends, bans and steering, after
// cancels, with a workspace. Random weights of a small model (2 s), and SmolLM2's where they are here (15 s).
#include <random>

#include "engine/convert/random_model.h"
#include "engine/convert/shapes.h"
#include "engine/ngram/index.h"
#include "engine/torch/torch_engine.h"
#include "support/catch.h"
#include "support/temp_folder.h"
#include "support/weights.h"

namespace {

using engine::Generation;
using engine::GenerateRequest;
using engine::TokenId;
using Ids = std::vector<TokenId>;

std::unique_ptr<engine::Engine> load(const std::filesystem::path& path) {
  auto loaded = engine::load_torch_engine({.path = path, .device = "cpu", .max_context = 700}, {}, {});
  if (!loaded) FAIL(loaded.error().message);
  REQUIRE((*loaded)->info().dtype == "int8");
  return std::move(*loaded);
}

// How a question is asked beside its request.
struct Manner {
  std::size_t enough = 1000;     // tokens after which the caller says stop
  std::size_t cancelled = 1000;  // tokens after which the stop token fires
};

Generation ask(engine::Engine& model, GenerateRequest request, const Manner& manner, bool drafts) {
  request.drafts = drafts;
  std::stop_source stop;
  std::size_t heard = 0;
  const auto on_token = [&](const engine::GeneratedToken&) {
    if (++heard == manner.cancelled) stop.request_stop();
    return heard == manner.enough ? engine::Verdict::Stop : engine::Verdict::Continue;
  };
  auto out = model.generate(request, on_token, stop.get_token());
  if (!out) FAIL(out.error().message);
  return std::move(*out);
}

// Reads the prompt in passes of so few tokens that they are the same to the bit in whatever passes: how long those are that the engine
// takes by itself depends on the clock, and passes of many tokens round their attention.
void read_slowly(engine::Engine& model, const Ids& prompt) {
  constexpr std::size_t kFew = 16;
  for (std::size_t end = kFew; end < prompt.size(); end += kFew) {
    if (!model.generate({.prompt = Ids(prompt.begin(), prompt.begin() + std::ptrdiff_t(end)), .max_tokens = 0}, {}, {})) FAIL("the prompt was not read");
  }
}

// Asks `count` questions about texts of ids below `vocabulary` that partly repeat themselves. Gives how many drafted tokens were right.
std::int64_t compare(const std::filesystem::path& path, TokenId vocabulary, int count, const std::vector<Ids>& texts) {
  const auto with = load(path), without = load(path);
  std::mt19937 random(3);
  const auto any = [&](std::size_t below) { return std::size_t(random() % below); };
  std::int64_t accepted = 0, drafted = 0;
  Ids last;
  for (int question = 0; question < count; ++question) {
    const Ids& text = texts[any(texts.size())];
    const std::size_t length = 1 + any(std::min<std::size_t>(text.size(), 200)), begin = any(text.size() - length + 1);
    GenerateRequest request{.prompt = {text.begin() + std::ptrdiff_t(begin), text.begin() + std::ptrdiff_t(begin + length)}, .max_tokens = int(1 + any(60))};
    if (question % 3 == 1 && !last.empty() && last.size() < 300) request.prompt = last;  // goes on where an earlier one ended
    if (question % 2 == 0) request.workspace = std::make_shared<const engine::NgramIndex>(engine::NgramIndex().with(engine::Segment::build({{1, text}})));
    if (question % 4 == 3) request.sampling = {.temperature = 0.8, .top_p = 0.95, .seed = std::uint64_t(question)};
    if (question % 5 == 4) request.end_ids = {TokenId(any(std::size_t(vocabulary)))}, request.banned_ids = {TokenId(any(std::size_t(vocabulary)))};
    if (question % 7 == 6) request.steer = [](std::span<const TokenId> so_far, std::span<float> logits) { logits[so_far.size() * 13 % logits.size()] += 3; };
    if (question % 6 == 5) request.text_before.assign(request.prompt.end() - std::ptrdiff_t(1 + any(request.prompt.size())), request.prompt.end());
    Manner manner;
    if (question % 4 == 2) manner.enough = 1 + any(20);
    if (question % 5 == 3) manner.cancelled = 1 + any(20);
    for (engine::Engine* model : {with.get(), without.get()}) read_slowly(*model, request.prompt);
    const Generation plain = ask(*without, request, manner, false), fast = ask(*with, request, manner, true);
    INFO("question " << question << ", a prompt of " << request.prompt.size() << ", " << fast.timings.accepted_tokens << " of " << fast.timings.drafted_tokens << " drafted tokens right");
    REQUIRE(fast.ids == plain.ids);
    REQUIRE(fast.logprobs == plain.logprobs);
    REQUIRE(fast.stop == plain.stop);
    REQUIRE(fast.timings.prefill_tokens == plain.timings.prefill_tokens);  // so the caches hold the same
    REQUIRE(plain.timings.drafted_tokens == 0);
    accepted += fast.timings.accepted_tokens, drafted += fast.timings.drafted_tokens;
    last = request.prompt;
    last.insert(last.end(), plain.ids.begin(), plain.ids.end());
  }
  CHECK(accepted < drafted);  // some were refused: otherwise that was not tested
  return accepted;
}

std::vector<Ids> repetitive_texts(TokenId vocabulary) {
  std::mt19937 random(9);
  std::vector<Ids> out;
  for (int i = 0; i < 8; ++i) {
    Ids text;
    while (text.size() < 700) {
      if (text.size() > 40 && random() % 3 != 0) {
        const std::size_t begin = random() % (text.size() - 20);
        const Ids piece(text.begin() + std::ptrdiff_t(begin), text.begin() + std::ptrdiff_t(begin + 3 + random() % 17));
        text.insert(text.end(), piece.begin(), piece.end());
      } else text.push_back(TokenId(random() % std::uint32_t(vocabulary)));
    }
    out.push_back(std::move(text));
  }
  return out;
}

}  // namespace

TEST_CASE("drafts change no id and no bit: random weights") {
  const tests::TempFolder folder;
  auto shape = engine::find_shape("smollm2-135m");
  REQUIRE(shape);
  shape->layers = 3;
  const std::filesystem::path path = folder.path() / "random.gguf";
  auto written = engine::write_random_model({.config = *shape, .type = base::GgmlType::Q4_0, .seed = 1, .path = path}, {});
  if (!written) FAIL(written.error().message);
  CHECK(compare(path, TokenId(shape->vocab_size), 60, repetitive_texts(300)) > 20);
}

TEST_CASE("drafts change no id and no bit: SmolLM2", "[weights]") {
  const auto path = tests::smollm2();
  if (!path) {
    WARN("SmolLM2's weights are not here: scripts/get-weights installs them");
    return;
  }
  // "def fibonacci(n):\n" and what it writes there, again and again.
  const Ids code = {1604, 3987, 46477, 24, 94, 727, 198, 198, 1604, 3987, 46477, 24, 94, 727, 472, 585, 304, 10204, 216, 33, 42, 448, 1003, 304, 472, 1745, 42, 448,
                    1003, 3987, 46477, 24, 94, 731, 216, 33, 25, 1232, 3987, 46477, 24, 94, 731, 216, 34, 25, 198, 198, 3272, 24, 38572, 46477, 24, 33, 32};
  Ids often;
  while (often.size() < 660) often.insert(often.end(), code.begin(), code.begin() + std::ptrdiff_t(20 + often.size() % 35));
  std::vector<Ids> texts = repetitive_texts(2000);
  texts.resize(2);
  for (int i = 0; i < 4; ++i) texts.push_back(often);
  CHECK(compare(*path, 49152, 30, texts) > 100);
}

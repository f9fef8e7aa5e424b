// Drafts are lossless: two engines with the same weights are asked the same questions in turn, one with drafts and one without, and
// must agree in every id and every bit of every log-probability: greedily and drawn, with stops, ends, bans and steering, after
// cancels, with a workspace, with a draft model. Random weights of a small model (2 s), and SmolLM2's where they are here (15 s).
#include <random>

#include "engine/convert/random_model.h"
#include "engine/convert/shapes.h"
#include "engine/generate/generator.h"
#include "engine/ngram/index.h"
#include "engine/torch/load_model.h"
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
std::int64_t compare(const std::filesystem::path& path, TokenId vocabulary, int count, const std::vector<Ids>& texts, const std::filesystem::path& draft = {}) {
  const auto with = load(path), without = load(path);
  if (!draft.empty())
    if (auto used = with->use_draft(draft, {}); !used) FAIL(used.error().message);
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

constexpr TokenId kRandomVocabulary = 49152;

struct RandomModel {
  const char* name;
  std::int64_t layers;
  std::uint64_t seed;
  std::int64_t vocabulary = kRandomVocabulary;
};
std::filesystem::path random_model(const tests::TempFolder& folder, const RandomModel& wanted) {
  auto shape = engine::find_shape("smollm2-135m");
  REQUIRE(shape);
  shape->layers = wanted.layers, shape->vocab_size = wanted.vocabulary;
  const std::filesystem::path path = folder.path() / wanted.name;
  auto written = engine::write_random_model({.config = *shape, .type = base::GgmlType::Q4_0, .seed = wanted.seed, .path = path}, {});
  if (!written) FAIL(written.error().message);
  return path;
}

// A loaded model whose passes take so long on a clock.
class Timed : public engine::Model {
 public:
  Timed(const std::filesystem::path& path, double pass_ms, double& clock) : pass_ms_(pass_ms), clock_(clock) {
    auto loaded = engine::load_model({.path = path, .device = "cpu"}, {}, {});
    if (!loaded) FAIL(loaded.error().message);
    model_ = std::move(loaded->model);
  }
  const engine::ModelConfig& config() const override { return model_->config(); }
  std::vector<engine::Slot> slots() override { return {}; }
  void ready(torch::Device, torch::Dtype, const torch::Tensor&) override {}
  std::int64_t alike_rows() const override { return model_->alike_rows(); }
  torch::Tensor forward(const engine::Batch& batch, engine::LogitsOf wanted) override {
    ++passes, clock_ += pass_ms_;
    return model_->forward(batch, wanted);
  }

  int passes = 0;

 private:
  std::unique_ptr<engine::Model> model_;
  double pass_ms_;
  double& clock_;
};

}  // namespace

TEST_CASE("drafts change no id and no bit: random weights") {
  const tests::TempFolder folder;
  const std::filesystem::path path = random_model(folder, {.name = "random.gguf", .layers = 3, .seed = 1});
  CHECK(compare(path, kRandomVocabulary, 60, repetitive_texts(300)) > 20);
}

TEST_CASE("drafts change no id and no bit: a draft model of other random weights") {
  const tests::TempFolder folder;
  const std::filesystem::path path = random_model(folder, {.name = "random.gguf", .layers = 3, .seed = 1});
  compare(path, kRandomVocabulary, 30, repetitive_texts(300), random_model(folder, {.name = "small.gguf", .layers = 1, .seed = 2}));
}

// On a clock of the test's own, where a pass of the first takes ten times one of the second.
TEST_CASE("a model drafts for itself: nearly all is right, and a third of the passes is enough") {
  const torch::InferenceMode inference;
  const tests::TempFolder folder;
  const std::filesystem::path path = random_model(folder, {.name = "random.gguf", .layers = 2, .seed = 1});
  double clock = 0;
  Timed model(path, 10, clock);
  engine::DraftModel draft({std::make_unique<Timed>(path, 1, clock), torch::kCPU, torch::kFloat16, 500, engine::ChunkSize(16, 16, 1e9), 1 << 26});
  const GenerateRequest request{.prompt = repetitive_texts(300)[0], .max_tokens = 100};
  const auto run = [&](engine::DraftModel* with) {
    engine::DraftLength length;
    length.has_draft_model(0.1);
    const engine::ModelConfig& c = model.config();
    engine::Session session{engine::KvCache(c.layers, c.kv_heads, c.head_width, torch::kCPU, torch::kFloat16), {}};
    engine::ChunkSize chunks(16, 16, 1e9);
    GenerateRequest asked = request;
    asked.prompt.resize(100);
    model.passes = 0;
    return engine::generate({model, session, chunks, torch::kCPU, 500, &length, with, [&] { return clock; }}, asked, {}, {});
  };
  const Generation plain = run(nullptr), fast = run(&draft);
  CHECK(fast.ids == plain.ids);
  CHECK(fast.logprobs == plain.logprobs);
  CHECK(fast.timings.model_drafted_tokens > 40);
  CHECK(double(fast.timings.model_accepted_tokens) > 0.9 * double(fast.timings.model_drafted_tokens));
  CHECK(model.passes < 7 + 45);
}

TEST_CASE("a draft model of another vocabulary is refused, and so is any where drafts are not verified") {
  const tests::TempFolder folder;
  const std::filesystem::path path = random_model(folder, {.name = "random.gguf", .layers = 1, .seed = 1});
  const std::filesystem::path other = random_model(folder, {.name = "other.gguf", .layers = 1, .seed = 1, .vocabulary = 5000});
  const auto model = load(path);
  const auto refused = model->use_draft(other, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::InvalidInput);
  for (const char* part : {"other.gguf", "random.gguf", "5000", "49152"}) CHECK(refused.error().message.find(part) != std::string::npos);
  CHECK(model->info().draft.empty());
  CHECK_FALSE(model->use_draft(folder.path() / "none.gguf", {}));
  REQUIRE(model->use_draft(path, {}));
  CHECK(model->info().draft_bytes == model->info().resident_bytes);
  CHECK_FALSE(model->use_draft(other, {}));
  CHECK_FALSE(model->info().draft.empty());  // the one before stays
  REQUIRE(model->use_draft({}, {}));
  CHECK(model->info().draft.empty());
  const auto unpacked = engine::load_torch_engine({.path = path, .device = "cpu", .dtype = "f32"}, {}, {});
  REQUIRE(unpacked);
  const auto unsupported = (*unpacked)->use_draft(path, {});
  REQUIRE_FALSE(unsupported);
  CHECK(unsupported.error().code == base::ErrorCode::Unsupported);
  CHECK(unsupported.error().message.find("int8 or int4") != std::string::npos);
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

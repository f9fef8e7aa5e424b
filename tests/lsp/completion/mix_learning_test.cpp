#include "lsp/completion/mix_learning.h"

#include <algorithm>

#include "support/catch.h"
#include "support/fake_model.h"

using tokenizer::TokenId;

namespace {

// An index of files in the byte tokenizer's ids.
engine::NgramIndex index_of(const std::vector<std::string>& texts) {
  std::vector<engine::TokenDocument> documents;
  for (const std::string& text : texts) documents.push_back({documents.size() + 1, {text.begin(), text.end()}});
  return engine::NgramIndex().with(engine::Segment::build(std::move(documents)));
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

float share_at(const lsp::Model& model, float certainty) { return mixing_share({.certainty = certainty, .length = 3, .model_certainty = 0.3f, .model_on_workspace = 0.05f, .workspace_on_model = 0.05f}, model.mix); }

}  // namespace

TEST_CASE("a workspace that foresees itself is believed more after its files were looked at, noise less") {
  const std::string line = "value = table.find(key)->second;\n";
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 3000; ++i) noise += char('!' + (state = state * 1664525 + 1013904223) / 65536 % 90);
  for (const auto& [texts, rises] : {std::pair{std::vector{repeated(line, 20), repeated(line, 30)}, true}, {std::vector{noise}, false}}) {
    engine::Script script;
    script.logprob = -1.5;
    const auto held = tests::fake_model(std::move(script));
    lsp::Model& model = *held;
    const float before = share_at(model, 0.5f);
    lsp::MixLearner learner;
    while (!learner.done()) REQUIRE(learner.learn(model, index_of(texts), {}));
    CHECK(learner.samples() > 1000);
    CAPTURE(rises, model.mix.bias, model.mix.certainty);
    CHECK((share_at(model, 0.5f) > before) == rises);
  }
}

TEST_CASE("where there is no file long enough nothing is learned, and it comes to an end") {
  const auto held = tests::fake_model(engine::Script{});
  lsp::Model& model = *held;
  lsp::MixLearner learner;
  for (int i = 0; i < 1000 && !learner.done(); ++i) REQUIRE(learner.learn(model, index_of({"short"}), {}));
  CHECK(learner.done());
  CHECK(learner.samples() == 0);
  CHECK(model.mix.bias == engine::MixWeights{}.bias);
}

TEST_CASE("a file that was stopped at does not count") {
  const auto held = tests::fake_model(engine::Script{});
  lsp::Model& model = *held;
  lsp::MixLearner learner;
  std::stop_source stop;
  stop.request_stop();
  (void)learner.learn(model, index_of({repeated("a = b;\n", 100)}), stop.get_token());
  CHECK(learner.samples() == 0);
  CHECK(!learner.done());
}

TEST_CASE("what stood in a hole is rated token by token, behind the prompt that a suggestion would have had") {
  engine::Script script;
  script.logprob = -1.5;
  const auto held = tests::fake_model(std::move(script));
  const auto repeating = [&](const char* line) { return engine::NgramIndex().with(engine::Segment::build({{100, held->tokenizer->encode(repeated(line, 20))}})); };
  const engine::NgramIndex index = repeating("value = table.find(key)->second;\n"), other = repeating("return second.count(table) + keys;\n");
  lsp::Query query;
  const std::string text = "int a;\nvalue = table.\nint b;\n";
  query.document = {.uri = "file:///x/a.cc", .language_id = "cpp", .content = std::make_shared<const std::string>(text)};
  query.cursor = text.find("table.") + 6;
  const lsp::CompletionSettings settings;
  const std::string stood = "find(key)->second;";
  const auto foreseen = [&](const engine::NgramIndex& workspace) {
    const auto samples = lsp::take_hole_samples(query, stood, {.model = *held, .settings = settings, .workspace = &workspace}, {});
    REQUIRE(samples);
    CHECK(samples->size() >= stood.size());  // a token is a byte; the half word before the cursor and the line's end may be rated too
    return std::ranges::count_if(*samples, [](const engine::MixSample& sample) { return sample.workspace > 0.5f; });
  };
  CHECK(foreseen(index) >= 15);
  CHECK(foreseen(other) <= 9);
  std::string long_line(500, 'x');
  const auto few = lsp::take_hole_samples(query, long_line, {.model = *held, .settings = settings, .workspace = &index}, {});
  REQUIRE(few);
  CHECK(few->size() <= 40);
}

TEST_CASE("what was noted holds in the code that was learned and in folders of it, and an adapter's in place of the model's own") {
  lsp::Model model;
  const std::filesystem::path none[] = {"/"}, code[] = {"/elsewhere", "/home/me/code"}, within[] = {"/home/me/code/part/"}, longer[] = {"/home/me/code-2"}, above[] = {"/home/me"};
  CHECK_FALSE(model.use_noted_mixing(code));
  model.noted_mixing = engine::NotedMixing{{-2, 0, 0}, "/home/me/code"};
  for (const auto& folders : {std::span(none), std::span(longer), std::span(above)}) CHECK_FALSE(model.use_noted_mixing(folders));
  CHECK(model.mix.bias == 0);
  CHECK(model.use_noted_mixing(within));
  CHECK(model.mix.bias == -2);
  model.mix = {};
  CHECK(model.use_noted_mixing(code));
  CHECK(model.mix.bias == -2);
}

#include "lsp/completion/prompt.h"

#include <algorithm>

#include "support/catch.h"
#include "support/cursor.h"
#include "support/fake_model.h"

namespace {

struct Asked {
  std::string uri;
  bool fim = true;
  lsp::CompletionSettings settings;
  tokenizer::FimOrder order = tokenizer::FimOrder::PrefixSuffixMiddle;
  bool middle = true;
};

std::string prompt_for(std::string_view marked, const Asked& asked = {}, std::size_t* tokens = nullptr) {
  const auto [text, cursor] = tests::at_cursor(marked);
  const auto model = tests::fake_model("", asked.fim);
  if (model->fim) {
    model->fim->order = asked.order;
    if (!asked.middle) model->fim->middle.reset();
  }
  const lsp::Snapshot document{.uri = asked.uri, .content = std::make_shared<const std::string>(text)};
  const auto prompt = lsp::build_prompt(document, lsp::look_around(text, cursor, ""), *model, asked.settings);
  REQUIRE(prompt);
  if (tokens) *tokens = prompt->ids.size();
  return model->tokenizer->decode(prompt->ids, true);
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("fill in the middle: the cursor's line stands after the middle marker") {
  CHECK(prompt_for("a\nb|\nc\n") == "<|fim_prefix|>a\n<|fim_suffix|>\nc\n<|fim_middle|>b");
  CHECK(prompt_for("f(a|)\nc") == "<|fim_prefix|><|fim_suffix|>\nc<|fim_middle|>f(a");
  CHECK(prompt_for("f(a|, b)\nc") == "<|fim_prefix|><|fim_suffix|>, b)\nc<|fim_middle|>f(a");
  CHECK(prompt_for("a\n  |") == "<|fim_prefix|>a\n<|fim_suffix|>\n<|fim_middle|>  ");
  CHECK(prompt_for("|") == "<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>");
}

TEST_CASE("fill in the middle in the other order, with and without a middle marker") {
  const auto spm = tokenizer::FimOrder::SuffixPrefixMiddle;
  CHECK(prompt_for("a\nb|\nc", {.order = spm}) == "<|fim_suffix|>\nc<|fim_prefix|>a\n<|fim_middle|>b");
  CHECK(prompt_for("a\nb|\nc", {.order = spm, .middle = false}) == "<|fim_suffix|>\nc<|fim_prefix|>a\nb");
}

TEST_CASE("without the tokens for it the prompt is what stands before the cursor") {
  CHECK(prompt_for("a\nb|\nc", {.fim = false}) == "a\nb");
  CHECK(prompt_for("|", {.fim = false}) == "\n");
}

TEST_CASE("line ends reach the model as plain newlines") {
  CHECK(prompt_for("a\r\nb|\r\nc\r\n", {}) == "<|fim_prefix|>a\n<|fim_suffix|>\nc\n<|fim_middle|>b");
  CHECK(prompt_for("a\rb|\rc", {}) == "<|fim_prefix|>a\n<|fim_suffix|>\nc<|fim_middle|>b");
}

TEST_CASE("special tokens in the user's text stay text") {
  const auto model = tests::fake_model("");
  const std::string text = "<|fim_middle|><|endoftext|>x";
  const lsp::Snapshot document{.content = std::make_shared<const std::string>(text)};
  const auto prompt = lsp::build_prompt(document, lsp::look_around(text, text.size(), ""), *model, {});
  REQUIRE(prompt);
  CHECK(std::count(prompt->ids.begin(), prompt->ids.end(), tokenizer::byte_ids::kFimMiddle) == 1);
  CHECK(std::count(prompt->ids.begin(), prompt->ids.end(), tokenizer::byte_ids::kEnd) == 0);
}

TEST_CASE("the file's name heads the prompt where its language has comments") {
  CHECK(prompt_for("a\nb|", {.uri = "file:///home/me/fib%20x.py"}) == "<|fim_prefix|># fib x.py\na\n<|fim_suffix|>\n<|fim_middle|>b");
  CHECK(prompt_for("b|", {.uri = "file:///secret/engine.cpp", .fim = false}) == "// engine.cpp\nb");
  CHECK(prompt_for("b|", {.uri = "file:///x.unknown", .fim = false}) == "b");
  CHECK(prompt_for("b|", {.uri = "untitled:Untitled-1", .fim = false}) == "b");
}

TEST_CASE("a prompt keeps its budgets, whatever the document is") {
  for (const int budget : {16, 100, 1000}) {
    for (const std::string& text : {repeat("int x = 1;\n", 3000), repeat("x", 200000), repeat("é", 100000), repeat("\n", 50000)}) {
      Asked asked{.uri = "file:///a.cpp"};
      asked.settings.prefix_tokens = budget;
      asked.settings.suffix_tokens = budget / 4;
      std::size_t tokens = 0;
      for (const std::size_t cursor : {std::size_t(0), lsp::snap_to_character(text, text.size() / 2 + 1), text.size()}) {
        prompt_for(tests::with_cursor(text, cursor), asked, &tokens);
        INFO(budget << " " << cursor);
        CHECK(int(tokens) <= budget + budget / 4 + 8);
      }
    }
  }
}

TEST_CASE("typing a line leaves the prompt's beginning as it is") {
  const std::string above = repeat("int number = compute(1, 2, 3);\n", 1000), below = repeat("\nreturn number;", 500);
  std::string before = prompt_for(above + "|" + below), line = "  const auto answer = compute(\"x\", { 1 });";
  for (std::size_t typed = 1; typed <= line.size(); ++typed) {
    const std::string now = prompt_for(above + line.substr(0, typed) + "|" + below);
    INFO(now);
    CHECK(now == before + line[typed - 1]);
    before = now;
  }
}

TEST_CASE("the window moves in steps of many lines") {
  const std::string line = "int number = compute(1, 2, 3);\n";
  std::string last;
  int moves = 0;
  for (int lines = 400; lines < 500; ++lines) {
    const std::string now = prompt_for(repeat(line, lines) + "// line " + std::to_string(lines) + "\n|", {.fim = false});
    if (now.substr(0, 200) != last) ++moves;
    last = now.substr(0, 200);
    CHECK(now.starts_with("int number"));
  }
  CHECK(moves <= 2);
}

TEST_CASE("a context that holds no prompt is told by the setting's name") {
  const auto model = tests::fake_model({.context_length = 70});
  const lsp::Snapshot document{.content = std::make_shared<const std::string>("abc")};
  const auto prompt = lsp::build_prompt(document, lsp::look_around("abc", 3, ""), *model, {});
  REQUIRE_FALSE(prompt);
  CHECK(prompt.error().message == "completion.maxTokens is 64: the model's context holds only 70 tokens");
}

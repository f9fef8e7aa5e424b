#include "lsp/completion/prompt.h"

#include <algorithm>
#include <optional>

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
  CHECK(prompt_for("a\nb|\nc", {.order = tokenizer::FimOrder::SuffixMiddlePrefix}) == "<|fim_prefix|><|fim_suffix|>\nc<|fim_middle|>a\nb");
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

namespace {

// A workspace of one file like the document, and the prompt that shows it.
struct Shown {
  std::unique_ptr<lsp::Model> model;
  engine::NgramIndex index;
  lsp::DocumentPaths paths;
  lsp::CompletionSettings settings;

  explicit Shown(bool fim, std::optional<tokenizer::RepositoryForm> form = std::nullopt) : model(tests::fake_model({.fim = fim})) {
    if (model->fim && form) model->fim->repository = *form;
    const std::vector<std::pair<std::string, std::string>> files = {{"file:///w/src/shop.py", "def submit_order(basket):\n    pass\n"}, {"file:///w/src/here.py", "submit_order(old)\n"}};
    std::vector<engine::TokenDocument> documents;
    for (const auto& [uri, text] : files) {
      documents.push_back({lsp::key_of_uri(uri), model->tokenizer->encode(text)});
      paths.emplace(documents.back().key, uri.substr(std::string("file:///w/").size()));
    }
    index = engine::NgramIndex().with(engine::Segment::build(std::move(documents)));
  }

  std::string prompt(std::string_view marked, lsp::Anchors* anchors = nullptr, lsp::Prompt* whole = nullptr) const {
    const auto [text, cursor] = tests::at_cursor(marked);
    const lsp::Snapshot document{.uri = "file:///w/src/here.py", .language_id = "python", .content = std::make_shared<const std::string>(text)};
    const lsp::OtherFiles files{index, paths};
    auto built = lsp::build_prompt(document, lsp::look_around(text, cursor, "python"), *model, settings, anchors, &files);
    REQUIRE(built);
    if (whole) *whole = *built;
    return model->tokenizer->decode(built->ids, true);
  }
};

}  // namespace

TEST_CASE("code like the document's stands before it, as the model's repository form has it") {
  const tokenizer::TokenId file = tokenizer::byte_ids::kEnd;
  using enum tokenizer::PathPlace;
  struct Case {
    const char* name;
    bool fim;
    std::optional<tokenizer::RepositoryForm> form;
    std::string wanted;
  };
  const std::string shop = "def submit_order(basket):\n    pass\n", own = "submit_order(new)\n", after = "<|fim_suffix|>\n<|fim_middle|>x";
  const Case cases[] = {
      {"files before the markers", true, tokenizer::RepositoryForm{.name = "q", .file = file, .path_end = "\n", .place = BeforeMarkers},
       "<|endoftext|>src/shop.py\n" + shop + "<|endoftext|>src/here.py\n<|fim_prefix|>" + own + after},
      {"the path behind the prefix", true, tokenizer::RepositoryForm{.name = "s", .file = file, .path_end = "\n", .place = BehindPrefix},
       "<|endoftext|>src/shop.py\n" + shop + "<|endoftext|><|fim_prefix|>src/here.py\n" + own + after},
      {"all in the prefix", true, tokenizer::RepositoryForm{.name = "d", .path_begin = "#", .path_end = "\n", .place = InPrefix},
       "<|fim_prefix|>#src/shop.py\n" + shop + "#src/here.py\n" + own + after},
      {"a model that was shown single files", true, std::nullopt, "<|fim_prefix|># src/shop.py\n" + shop + "\n# here.py\n" + own + after},
      {"a model without markers", false, std::nullopt, "# src/shop.py\n" + shop + "\n# here.py\n" + own + "x"},
  };
  for (const Case& c : cases) {
    const Shown shown(c.fim, c.form);
    INFO(c.name);
    lsp::Prompt whole;
    CHECK(shown.prompt("submit_order(new)\nx|\n", nullptr, &whole) == c.wanted);
    // What is copied from is looked up by the document's own text.
    const std::string before = shown.model->tokenizer->decode(whole.text_before, true);
    CHECK(before.ends_with("submit_order(new)\nx"));
    CHECK(before.find("basket") == std::string::npos);
  }
}

TEST_CASE("code of other files takes only room that is left, and none where it is not wanted") {
  Shown shown(true);
  const std::string with = shown.prompt("submit_order(new)\nx|\n");
  CHECK(with.find("basket") != std::string::npos);
  CHECK(shown.prompt("nothing like it\nx|\n").find("shop.py") == std::string::npos);
  CHECK(shown.prompt("submit_order(new)\nx|\n").find("(old)") == std::string::npos);  // the document itself is no other file
  shown.settings.context_tokens = 0;
  CHECK(shown.prompt("submit_order(new)\nx|\n").find("basket") == std::string::npos);
  shown.settings.context_tokens = 512;
  shown.settings.prefix_tokens = 100'000;  // the document may have it all
  shown.model = tests::fake_model({.context_length = 600});
  CHECK(shown.prompt("submit_order(new)\nx|\n").find("basket") == std::string::npos);
}

TEST_CASE("while one types, the code of other files stays what it was") {
  const Shown shown(true);
  lsp::Anchors anchors;
  std::string line, before = shown.prompt("submit_order(new)\n|\n", &anchors);
  CHECK(before.find("basket") != std::string::npos);
  for (const char key : std::string("    unlike = anything(else_there)")) {
    line += key;
    const std::string now = shown.prompt("submit_order(new)\n" + line + "|\n", &anchors);
    CHECK(now == before + key);
    before = now;
  }
}

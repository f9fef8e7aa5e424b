// The whole pipeline with a scripted model: what stands in the document after a suggestion is accepted, cursor at '|'.
#include "lsp/completion/pipeline.h"

#include <chrono>
#include <optional>
#include <random>
#include <thread>

#include "engine/scripted/scripted_engine.h"
#include "support/catch.h"
#include "tokenizer/byte_tokenizer.h"

namespace {

struct Case {
  std::string document;  // with a '|'
  std::string reply;
  std::string accepted;  // the document afterwards, without '|'; equal to `document` without it: no suggestion
};

lsp::Model scripted(engine::Script script) {
  lsp::Model model;
  model.name = "scripted";
  model.tokenizer = tokenizer::make_byte_tokenizer(script.fim);
  model.fim = tokenizer::probe_fim(*model.tokenizer);
  model.engine = std::make_unique<engine::ScriptedEngine>(std::move(script));
  return model;
}

lsp::Model answering(std::string text, bool fim = true) {
  engine::Script script;
  script.fim = fim;
  script.otherwise.text = std::move(text);
  return scripted(std::move(script));
}

lsp::Query query_at(std::string_view marked, lsp::Invocation invocation = lsp::Invocation::Automatic) {
  const size_t cursor = marked.find('|');
  REQUIRE(cursor != std::string_view::npos);
  auto text = std::make_shared<std::string>(marked);
  text->erase(cursor, 1);
  lsp::Query query;
  query.document.uri = "file:///test";
  query.document.content = std::move(text);
  query.cursor = cursor;
  query.invocation = invocation;
  return query;
}

lsp::Completion run(const lsp::Query& query, const lsp::Model& model, std::stop_token stop = {}) {
  const lsp::CompletionSettings settings;
  auto completion = lsp::complete(query, {model, settings}, stop);
  if (!completion) FAIL(completion.error().message);
  return std::move(*completion);
}

std::string accepted(const lsp::Query& query, const lsp::Completion& completion) {
  std::string text(query.document.text());
  if (completion.items.empty()) return text;
  const lsp::Suggestion& item = completion.items.front();
  CHECK(item.begin <= query.cursor);
  CHECK(query.cursor <= item.end);
  CHECK(item.end <= text.size());
  CHECK(text.substr(item.begin, item.end - item.begin).find_first_of("\r\n") == std::string::npos);
  return text.replace(item.begin, item.end - item.begin, item.text);
}

void check(const Case& c, bool fim) {
  CAPTURE(c.document, c.reply, fim);
  const lsp::Query query = query_at(c.document);
  const lsp::Completion completion = run(query, answering(c.reply, fim));
  INFO(completion.detail);
  CHECK(accepted(query, completion) == c.accepted);
}

// Says nothing, and keeps what an answer would be read on to.
struct Reading final : engine::Engine {
  std::vector<engine::TokenId> answer;
  std::optional<engine::Onward> onward;
  engine::ModelInfo own;
  const engine::ModelInfo& info() const override { return own; }
  base::Result<engine::Generation> generate(const engine::GenerateRequest& request, const engine::OnToken&, std::stop_token) override {
    if (request.onward) onward = request.onward(answer);
    return engine::Generation{};
  }
  base::Result<std::vector<float>> score(std::span<const engine::TokenId>, std::stop_token, const engine::OnLogits&) override { return std::vector<float>{}; }
};

}  // namespace

TEST_CASE("an answer for a line is read on to what stands behind it") {
  struct Case {
    const char *document, *answer, *own, *behind;  // behind: null where nothing is
    lsp::Invocation invocation = lsp::Invocation::Automatic;
  };
  for (const Case& c : {Case{"int a = |\n  next();\n", "one;\n", "one;", "\n  n"},
                        {"int a = |\n\n\nint b;\n", "one;", "one;", "\n\n\ni"},
                        {"f(|);\n\nint b;\n", "x);\n", "x);", "\n\nin"},  // the rest of the line is what the answer has again
                        {"int a = | + b;\n", "one", "one", " + b", lsp::Invocation::Explicit},
                        {"int a = |", "one;\n", "one;", nullptr}}) {
    INFO(c.document);
    lsp::Model model = answering("");
    auto engine = std::make_unique<Reading>();
    engine->own = model.engine->info();
    engine->answer = model.tokenizer->encode(c.answer, {.parse_special = false, .continues = true});
    const Reading& reading = *engine;
    model.engine = std::move(engine);
    run(query_at(c.document, c.invocation), model);
    REQUIRE(reading.onward.has_value() == (c.behind != nullptr));
    if (!c.behind) continue;
    const auto& ids = reading.onward->ids;
    const auto text = [&](std::size_t from, std::size_t to) { return model.tokenizer->decode(std::vector<engine::TokenId>(ids.begin() + std::ptrdiff_t(from), ids.begin() + std::ptrdiff_t(to)), true); };
    CHECK(text(0, reading.onward->counted) == c.own);
    CHECK(text(reading.onward->counted, ids.size()) == c.behind);
  }
}

TEST_CASE("what the model writes becomes what a user would type") {
  const std::vector<Case> cases = {
      {"x = f(a|)", "b)", "x = f(ab)"},                                // the editor's bracket is not doubled
      {"x = f(a|)", "b", "x = f(ab)"},                                 // and not lost
      {"x = f(|)", "g(1), 2)", "x = f(g(1), 2)"},                      // inner brackets are the suggestion's own
      {"x = [1, |]", "2, 3]", "x = [1, 2, 3]"},
      {"s = \"hel|\"", "lo\"", "s = \"hello\""},
      {"if (ready|)", " && !done)", "if (ready && !done)"},
      {"def add(a, b):\n    return |", "a + b\n\ndef sub(a, b):\n", "def add(a, b):\n    return a + b"},  // one line while typing
      {"total = |", "sum(items)   \nprint(1)", "total = sum(items)"},  // no trailing blanks
      {"a\r\nint x = |\r\nb", "1;\nint y;", "a\r\nint x = 1;\r\nb"},
      {"def f(x):\n|", "    y = x\n    return y\n\ndef g():\n", "def f(x):\n    y = x\n    return y"},  // a block ends with its scope
      {"def f(x):\r\n    |", "y = x\n    return y\n", "def f(x):\r\n    y = x\r\n    return y"},       // in the file's line ends
      {"void f() {\n  |\n}\n", "g();\n  h();\n}\n", "void f() {\n  g();\n  h();\n}\n"},                 // the brace below is not doubled
      {"name = 'é|'", "ü'", "name = 'éü'"},
  };
  for (const Case& c : cases) check(c, true);
  for (const Case& c : cases) check(c, false);
}

TEST_CASE("nothing is suggested where it would not help") {
  const std::vector<Case> cases = {
      {"|", "x = 1", ""},                                 // an empty document
      {"x = 1;|", " y = 2;", "x = 1;"},                   // the statement is complete
      {"foo| = bar(1)", "d", "foo = bar(1)"},             // code stands after the cursor
      {"x = |", "", "x = "},                              // the model has nothing to say
      {"x = |", "   \n", "x = "},
      {"f(|)", ")", "f()"},                               // only what is there already
      {"x = 1\n|", "```python\nx\n```", "x = 1\n"},       // a fence of a chat model
      {"call()\n|", "call()\n", "call()\n"},              // the line above once more
      {"y = |", std::string(200, 'a'), "y = "},           // repetition
  };
  for (const Case& c : cases) check(c, true);
}

TEST_CASE("a popup's chosen item begins the suggestion and keeps its range") {
  lsp::Query query = query_at("console.lo|");
  query.selected = lsp::SelectedItem{8, 10, "log"};
  const lsp::Completion completion = run(query, answering("(x)"));
  REQUIRE(completion.items.size() == 1);
  CHECK(completion.items[0].begin == 8);
  CHECK(completion.items[0].end == 10);
  CHECK(completion.items[0].text == "log(x)");
}

TEST_CASE("fill in the middle: what is typed stands after the middle marker, so that a keystroke costs a token or two") {
  engine::Script script;
  script.otherwise.text = "x";
  const lsp::Model model = scripted(std::move(script));
  const std::string before(600, 'a'), after(600, 'b');
  const auto prefilled = [&](const std::string& typed) {
    return run(query_at(before + "\n" + typed + "|\n" + after), model).timings.engine.prefill_tokens;
  };
  CHECK(prefilled("value = ") > 600);
  CHECK(prefilled("value = s") <= 2);
  CHECK(prefilled("value = su") <= 2);
}

TEST_CASE("a special token in the user's text or in the model's is never taken for one, nor shown") {
  lsp::Query query = query_at("|", lsp::Invocation::Explicit);
  query.document.content = std::make_shared<std::string>("s = '<|fim_middle|>' + ");
  query.cursor = query.document.text().size();
  engine::Script script;
  script.otherwise.text = "text<|endoftext|>more";
  script.otherwise.special = true;
  const lsp::Completion completion = run(query, scripted(std::move(script)));
  REQUIRE(completion.items.size() == 1);
  CHECK(completion.items[0].ghost == "text");
}

TEST_CASE("cancelled within a token") {
  engine::Script script;
  script.ms_per_token = 5;
  script.otherwise.text = "abcdefghijklmnopqrstuvwxyz0123456789 and so on";
  const lsp::Model model = scripted(std::move(script));
  std::stop_source stop;
  std::jthread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  CHECK(run(query_at("result = |"), model, stop.get_token()).reason == lsp::Reason::Cancelled);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(200));
}

TEST_CASE("any document, any cursor, any reply: the range is sound and nothing crashes") {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {"a", "b(", ")", "{", "}", "\n", "\r\n", "\r", "\t", "    ", "é", "🦙", "\"", ":", ";", "def f():\n", "x = ", std::string(1, '\0')};
  const auto text = [&](size_t most) {
    std::string out;
    for (size_t i = random() % most; i > 0; --i) out += pieces[random() % pieces.size()];
    return out;
  };
  for (int round = 0; round < 400; ++round) {
    lsp::Query query;
    const std::string before = text(40);
    query.cursor = before.size();
    query.document.content = std::make_shared<std::string>(before + text(40));
    query.invocation = round % 2 ? lsp::Invocation::Explicit : lsp::Invocation::Automatic;
    const std::string after = accepted(query, run(query, answering(text(30), round % 3 != 0)));
    CHECK(after.find("<|") == std::string::npos);
  }
}

TEST_CASE("a line of 200 KB is no slower than another") {
  lsp::Query query = query_at(std::string(200'000, 'x') + " = |\n" + std::string(200'000, 'y'));
  const auto start = std::chrono::steady_clock::now();
  run(query, answering("1"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(500));
}

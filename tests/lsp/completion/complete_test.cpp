#include "lsp/completion/pipeline.h"

#include <chrono>
#include <thread>

#include "lsp/completion/explain.h"
#include "support/catch.h"
#include "support/cursor.h"
#include "support/fake_model.h"

using lsp::Completion;
using lsp::Invocation;
using lsp::Reason;

namespace {

struct Ask {
  std::string language = "cpp";
  Invocation invocation = Invocation::Automatic;
  std::optional<lsp::SelectedItem> selected;
  lsp::CompletionSettings settings;
  bool fim = true;
  int items = 1;
  std::string shown;  // ghost of what shows there already
};

lsp::Query query_for(const tests::AtCursor& at, const Ask& ask) {
  std::optional<lsp::Suggestion> shown;
  if (!ask.shown.empty()) shown = {.begin = at.cursor, .end = at.cursor, .text = ask.shown, .ghost = ask.shown};
  return {.document = {.uri = "file:///x", .language_id = ask.language, .content = std::make_shared<const std::string>(at.text)},
          .cursor = at.cursor,
          .invocation = ask.invocation,
          .selected = ask.selected,
          .items = ask.items,
          .shown = shown};
}

Completion run(const tests::AtCursor& at, const lsp::Model& model, const Ask& ask = {}, std::stop_token stop = {}) {
  auto completion = lsp::complete(query_for(at, ask), {.model = model, .settings = ask.settings}, stop);
  REQUIRE(completion);
  return *std::move(completion);
}

Completion run(std::string_view marked, std::string reply, const Ask& ask = {}) {
  return run(tests::at_cursor(marked), *tests::fake_model(std::move(reply), ask.fim), ask);
}

// The document with the suggestion accepted, the cursor where the new text ends (before what stood there).
std::string accepted(std::string_view marked, std::string reply, const Ask& ask = {}) {
  const auto [text, cursor] = tests::at_cursor(marked);
  const Completion completion = run(marked, std::move(reply), ask);
  if (completion.items.empty()) return std::string(lsp::reason_name(completion.reason)) + ": " + completion.detail;
  const auto& item = completion.items[0];
  const std::string after = text.substr(0, item.begin) + item.text + text.substr(item.end);
  return tests::with_cursor(after, ask.selected ? item.begin + item.text.size() : cursor + item.ghost.size());
}

void check(std::string_view marked, std::string reply, std::string_view expected, const Ask& ask = {}) {
  INFO(marked << " <- " << reply);
  CHECK(accepted(marked, reply, ask) == expected);
  Ask prefix_only = ask;
  prefix_only.fim = false;
  CHECK(accepted(marked, reply, prefix_only) == expected);
}

}  // namespace

TEST_CASE("a suggestion ends with its line and keeps what stands after the cursor") {
  check("f(a|)", "b)", "f(ab|)", {.invocation = Invocation::Explicit});
  check("call(a|)", "b)", "call(ab|)");
  check("list = [1, |]", "2, 3]", "list = [1, 2, 3|]");
  check("int total = |\nint other;", "a + b;\nint other;", "int total = a + b;|\nint other;");
  check("print(\"hel|\")", "lo\")", "print(\"hello|\")");
  check("if (ready|) {", " && !done) {\n  go();", "if (ready && !done|) {");
}

TEST_CASE("in the middle of code a suggestion must lead to what follows, or stand above it") {
  const Ask asked{.invocation = Invocation::Explicit}, asked_blind{.invocation = Invocation::Explicit, .fim = false};
  CHECK(accepted("foo(|bar)", "first, bar)\nmore", asked) == "foo(first, |bar)");
  CHECK(accepted("foo(|bar)", "first, ", asked) == "foo(first, |bar)");
  CHECK(accepted("foo(|bar)", "first, bar)\nmore", asked_blind) == "foo(first, |bar)");
  CHECK(accepted("foo(|bar)", "first)\nmore", asked_blind) ==
        "rejected: the model cannot see the code after the cursor, and what it wrote does not lead to it");
  check("a = 1\n  |def f():\n", "b = 2\n  c = 3\n  def f():\n", "a = 1\n  b = 2\n  c = 3\n  |def f():\n", asked);
  check("a = 1\n|def f():\n", "def f():\n  pass", "nothing to say: it repeats the next line", asked);
}

TEST_CASE("a block is suggested whole and closed once") {
  check("void f() {|}", "\n  g();\n}\n\nvoid h() {", "void f() {\n  g();\n|}");
  check("void f() {\n  |\n}", "g();\n  h();\n}", "void f() {\n  g();\n  h();|\n}");
  check("void f() {|\n", "\n  g();\n}\n", "void f() {\n  g();\n}|\n");
  check("def f(n):\n    |\n", "if n:\n        return 1\n    return 2\n\n", "def f(n):\n    if n:\n        return 1\n    return 2|\n", {.language = "python"});
}

TEST_CASE("line ends are those of the file") {
  check("void f() {\r\n  |\r\n}\r\n", "g();\n  h();\n}", "void f() {\r\n  g();\r\n  h();|\r\n}\r\n");
  check("void f() {\r  |\r}\r", "g();\n  h();\n}", "void f() {\r  g();\r  h();|\r}\r");
  check("void f() {\r\n  |", "g();\n  h();", "void f() {\r\n  g();\r\n  h();|");
}

TEST_CASE("why there is no suggestion") {
  check("int |total;", "x", "no trigger: there is code after the cursor on its line");
  check("return x|", "", "nothing to say: the model ended");
  check("return x|", "\nreturn y", "nothing to say: the model ended the line at once");
  check("value = 1\n|", "value = 1\n", "rejected: it repeats the lines above");
  check("value = 1\n|", "```python\nx", "nothing to say: a markdown fence");
}

TEST_CASE("with an item chosen in the popup the suggestion replaces its range and starts with its text") {
  Ask ask{.language = "javascript", .selected = lsp::SelectedItem{7, 8, ".log"}};
  check("console.|", "(value);\nx", "console.log(value);|", ask);
}

TEST_CASE("the range of a chosen item is kept even where brackets follow it") {
  const Ask ask{.selected = lsp::SelectedItem{6, 8, "answer"}};
  check("call(xan|)", "[0])\n", "call(xanswer[0]|)", ask);
}

TEST_CASE("control tokens never reach a suggestion") {
  for (const auto* reply : {"x<|fim_middle|>y", "x<|fim_prefix|>", "x<|endoftext|>y"}) {
    engine::Script script;
    script.otherwise = {.text = reply, .special = true};
    for (const bool fim : {true, false}) {
      script.fim = fim;
      const Completion completion = run(tests::at_cursor("return |"), *tests::fake_model(script));
      REQUIRE(completion.items.size() == 1);
      CHECK(completion.items[0].ghost.starts_with("x"));
      if (fim) CHECK(completion.items[0].ghost == "x");
    }
  }
}

TEST_CASE("confidence, prompt and timings are told") {
  const Completion completion = run("int total = |", "1;");
  REQUIRE(completion.items.size() == 1);
  CHECK(completion.items[0].mean_logprob == Approx(-0.1));
  CHECK(completion.prompt.layout == "qwen");
  CHECK(completion.prompt.text == "<|fim_prefix|>// x\n<|fim_suffix|>\n<|fim_middle|>int total = ");
  CHECK(completion.prompt.tokens == 21);
  CHECK(completion.raw_text == "1;");
  CHECK(completion.timings.engine.decode_tokens == 2);
  CHECK(completion.timings.total_ms > 0);
}

TEST_CASE("nothing is generated past the place where the suggestion ends") {
  const Completion completion = run("int total = |", "12;\nint more = 3;\nint even_more = 4;\n");
  CHECK(completion.timings.engine.decode_tokens == 4);
  CHECK(completion.stop == engine::StopReason::Caller);
}

TEST_CASE("a keystroke computes one token of prompt") {
  const auto model = tests::fake_model("");
  std::string document = "#include <vector>\n\nint main() {\n  ret";
  run({document, document.size()}, *model);
  document += "u";
  CHECK(run({document, document.size()}, *model).timings.engine.prefill_tokens == 1);
}

TEST_CASE("an engine's failure is the completion's") {
  engine::Script script;
  script.otherwise.error = "the device is on fire";
  const auto model = tests::fake_model(script);
  const auto completion = lsp::complete(query_for(tests::at_cursor("int x = |"), {}), {.model = *model, .settings = {}}, {});
  REQUIRE_FALSE(completion);
  CHECK(completion.error().message == "completing: the device is on fire");
}

TEST_CASE("cancelling ends a slow prefill and a slow answer within a token") {
  engine::Script slow_prefill, slow_answer;
  slow_prefill.prefill_ms_per_token = 100000;
  slow_prefill.prefill_chunk = 1;
  slow_answer.ms_per_token = 100000;
  slow_answer.otherwise.text = "text";
  for (const auto& script : {slow_prefill, slow_answer}) {
    const auto model = tests::fake_model(script);
    std::stop_source source;
    std::jthread later([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      source.request_stop();
    });
    const auto start = std::chrono::steady_clock::now();
    const Completion completion = run(tests::at_cursor("int total = |"), *model, {}, source.get_token());
    CHECK(completion.reason == Reason::Cancelled);
    CHECK(completion.items.empty());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  }
  std::stop_source stopped;
  stopped.request_stop();
  CHECK(run(tests::at_cursor("int total = |"), *tests::fake_model("1"), {}, stopped.get_token()).reason == Reason::Cancelled);
}

TEST_CASE("a report for people") {
  const auto at = tests::at_cursor("int a;\nint total = |");
  const Completion completion = run(at, *tests::fake_model("1;\n"));
  const std::string report = lsp::explain(query_for(at, {}), completion);
  INFO(report);
  for (const auto* part : {"at       file:///x:2, byte 12 of the line\n", "result   suggested: the line goes on; ended by: the end of the line\n",
                           "prompt   layout qwen, 28 tokens:\n  | <|fim_prefix|>// x\n  | int a;\n  | <|fim_suffix|>\n  | <|fim_middle|>int total = \n",
                           "raw      what the model wrote (caller):\n  | 1;\n", "steps    none changed it\n",
                           "item     replaces bytes 7 to 19, mean log-probability -0.10:\n  | int total = 1;\n", "ghost\n  | 1;\n", "timings  total "})
    CHECK(report.find(part) != std::string::npos);
}

TEST_CASE("whoever asks is given several, each beginning otherwise, none twice") {
  const auto ghosts = [](std::string_view marked, const engine::ScriptReply& reply, int items) {
    const auto model = tests::fake_model(engine::Script{.replies = {reply}});
    const Completion completion = run(tests::at_cursor(marked), *model, {.invocation = Invocation::Explicit, .items = items});
    std::string out;
    for (const auto& item : completion.items) out += (out.empty() ? "" : "/") + item.ghost;
    // The prompt is computed once; what another answer costs beside its own tokens is the last token's step.
    CHECK(completion.timings.engine.prefill_tokens < completion.timings.engine.prompt_tokens + items);
    return out;
  };
  const engine::ScriptReply three{.text = "one();", .alternatives = {"two();", "three();", "four();"}};
  CHECK(ghosts("a = 1\nx = |\n", three, 3) == "one();/two();/four();");  // a token is a byte here: three begins like two
  CHECK(ghosts("a = 1\nx = |\n", three, 1) == "one();");
  CHECK(ghosts("a = 1\nx = |\n", {.text = "one();", .alternatives = {"two();", "for();"}}, 3) == "one();/two();/for();");
  CHECK(ghosts("a = 1\nx = |\n", {.text = "one();"}, 3) == "one();");
  CHECK(ghosts("a = 1\nx = |\n", {.text = "one();", .alternatives = {" one();"}}, 3) == "one();");  // the same but for blanks
  CHECK(ghosts("while (x) {\n  |\n}\n", {.text = "one();\n  two();\n}", .alternatives = {"three();\n}"}}, 3) == "one();\n  two();/three();");
  // Half a word at the cursor is written again by each.
  CHECK(ghosts("a = 1\nx = comp|\n", {.text = "ute();", .alternatives = {"any();"}}, 3) == "ute();/any();");
}

TEST_CASE("what showed while typing stays the first when asked, and what the model writes then comes behind it") {
  const auto ghosts = [](std::string_view marked, std::string_view shown, const engine::ScriptReply& reply) {
    const auto model = tests::fake_model(engine::Script{.replies = {reply}});
    const Completion completion = run(tests::at_cursor(marked), *model, {.invocation = Invocation::Explicit, .items = 3, .shown = std::string(shown)});
    CHECK(completion.reason == Reason::Suggested);
    std::string out;
    for (const auto& item : completion.items) out += (out.empty() ? "" : "/") + item.ghost;
    return out;
  };
  const engine::ScriptReply several{.text = "one();\ntwo();\n", .alternatives = {"three();", "four();"}};
  CHECK(ghosts("a = 1\nx = |\n", "one();", several) == "one();/one();\ntwo();/three();");  // asked for, it may have more lines
  CHECK(ghosts("a = 1\nx = |\n", "zero();", several) == "zero();/one();\ntwo();/three();");
  CHECK(ghosts("a = 1\nx = |\n", "one();\ntwo();", several) == "one();\ntwo();/three();/four();");
  CHECK(ghosts("a = 1\nx = |\n", "zero();", {.text = ""}) == "zero();");
}

TEST_CASE("further suggestions are given up when they take long, the first is not") {
  const auto model = tests::fake_model(engine::Script{.ms_per_token = 150, .replies = {{.text = "one()", .alternatives = {"a_long_name_that_takes_its_time()", "two()"}}}});
  const Completion completion = run(tests::at_cursor("x = |\n"), *model, {.invocation = Invocation::Explicit, .items = 3});
  REQUIRE(completion.items.size() == 1);
  CHECK(completion.items[0].ghost == "one()");
}

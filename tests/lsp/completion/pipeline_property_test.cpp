#include <chrono>
#include <random>

#include "base/utf8.h"
#include "lsp/completion/pipeline.h"
#include "lsp/context/lines.h"
#include "support/catch.h"
#include "support/cursor.h"
#include "support/fake_model.h"

namespace {

using Random = std::mt19937;

std::string random_text(Random& random, int most) {
  static const std::vector<std::string> pieces = {
      "a", "foo", "bar_baz", " ", "  ", "    ", "\t", "\n", "\n\n", "\r\n", "\r", "(", ")", "[", "]", "{", "}", "\"", "'", ";", ":", ",", "= 1",
      "é", "漢字", "\U0001F600", "if (x) {\n  y();\n}", "def f(x):\n    return x\n", "// c", "# c", "<|fim_middle|>", "<|endoftext|>", "\x01", "```", "return "};
  std::string text;
  const int count = std::uniform_int_distribution<int>(0, most)(random);
  for (int i = 0; i < count; ++i) text += pieces[std::uniform_int_distribution<std::size_t>(0, pieces.size() - 1)(random)];
  return text;
}

std::size_t random_cursor(Random& random, const std::string& text) {
  return lsp::snap_to_character(text, std::uniform_int_distribution<std::size_t>(0, text.size())(random));
}

bool is_subsequence(std::string_view part, std::string_view text) {
  for (const char c : text)
    if (!part.empty() && c == part[0]) part.remove_prefix(1);
  return part.empty();
}

// What must hold of every suggestion, whatever the document and the model.
void check_suggestion(const std::string& text, std::size_t cursor, const lsp::Suggestion& item) {
  const lsp::LineRange line = lsp::line_at(text, cursor);
  REQUIRE(line.begin <= item.begin);
  REQUIRE(item.begin <= cursor);
  REQUIRE(cursor <= item.end);
  REQUIRE(item.end <= line.end);
  CHECK(item.text.starts_with(std::string_view(text).substr(item.begin, cursor - item.begin)));
  const std::string_view replaced = std::string_view(text).substr(cursor, item.end - cursor);
  const std::string_view added = std::string_view(item.text).substr(cursor - item.begin);
  CHECK(is_subsequence(replaced, added));  // editors show nothing else
  CHECK(std::string_view(added).starts_with(item.ghost));
  CHECK_FALSE(lsp::is_blank(item.ghost));
  CHECK(item.text.find('\0') == std::string::npos);
  CHECK(base::is_valid_utf8(item.text));
  const std::string after = text.substr(0, item.begin) + item.text + text.substr(item.end);
  CHECK(std::string_view(after).ends_with(std::string_view(text).substr(line.end)));
}

}  // namespace

TEST_CASE("whatever stands in the document and whatever the model writes, a suggestion is a valid edit of one line") {
  Random random(20240607);
  int suggested = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::string text = random_text(random, 60), reply = random_text(random, 12);
    const std::size_t cursor = random_cursor(random, text);
    engine::Script script;
    script.fim = round % 2 == 0;
    script.otherwise = {.text = reply + (round % 3 ? "" : "<|fim_prefix|>"), .special = round % 3 == 0};
    const auto model = tests::fake_model(script);
    lsp::Query query{.document = {.language_id = round % 5 ? "python" : "", .content = std::make_shared<const std::string>(text)}, .cursor = cursor};
    query.invocation = round % 4 ? lsp::Invocation::Explicit : lsp::Invocation::Automatic;
    const lsp::CompletionSettings settings;
    const auto completion = lsp::complete(query, {.model = *model, .settings = settings}, {});
    INFO(tests::with_cursor(text, cursor, "‸") << "\n<- " << reply);
    REQUIRE(completion);
    CHECK((completion->reason == lsp::Reason::Suggested) == !completion->items.empty());
    CHECK((completion->reason == lsp::Reason::Suggested || !completion->detail.empty()));
    if (completion->items.empty()) continue;
    ++suggested;
    check_suggestion(text, cursor, completion->items[0]);
    // In no reply as text: with a vocabulary that has the token it could only be the token.
    if (script.fim) CHECK(completion->items[0].ghost.find("<|fim_prefix|>") == std::string::npos);
  }
  CHECK(suggested > 400);
}

TEST_CASE("what the model writes of the text after the cursor is not doubled") {
  Random random(7);
  for (int round = 0; round < 500; ++round) {
    // A document, a hole in one of its lines, and a model that knows exactly what was there.
    const std::string line = "call_" + std::to_string(round) + "(alpha, [beta, gamma], {delta})";
    const std::size_t begin = std::uniform_int_distribution<std::size_t>(8, line.size() - 1)(random);
    const std::string rest = line.substr(line.find_last_not_of(")]}") + 1);
    if (begin >= line.size() - rest.size()) continue;
    const std::string text = "int before;\n" + line.substr(0, begin) + rest + "\nint after;\n";
    const std::size_t cursor = text.find('\n') + 1 + begin;
    for (const std::string& reply : {line.substr(begin), line.substr(begin, line.size() - rest.size() - begin)}) {
      const auto model = tests::fake_model(reply + "\nint after;\n");
      const lsp::Query query{.document = {.content = std::make_shared<const std::string>(text)}, .cursor = cursor};
      const lsp::CompletionSettings settings;
      const auto completion = lsp::complete(query, {.model = *model, .settings = settings}, {});
      INFO(tests::with_cursor(text, cursor) << " <- " << reply);
      REQUIRE(completion);
      REQUIRE(completion->items.size() == 1);
      const auto& item = completion->items[0];
      CHECK(text.substr(0, item.begin) + item.text + text.substr(item.end) == "int before;\n" + line + "\nint after;\n");
    }
  }
}

TEST_CASE("a very long line is no slower than others and its suggestion stays small") {
  std::string text;
  while (text.size() < 200000) text += "value, ";
  const auto model = tests::fake_model("more);");
  for (const std::size_t cursor : {std::size_t(0), text.size() / 2, text.size()}) {
    lsp::Query query{.document = {.content = std::make_shared<const std::string>(text)}, .cursor = cursor, .invocation = lsp::Invocation::Explicit};
    const lsp::CompletionSettings settings;
    const auto start = std::chrono::steady_clock::now();
    const auto completion = lsp::complete(query, {.model = *model, .settings = settings}, {});
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(500));
    REQUIRE(completion);
    for (const auto& item : completion->items) {
      check_suggestion(text, cursor, item);
      CHECK(item.text.size() < 5000);
    }
  }
}

#include "lsp/completion/dismissed.h"

#include "support/catch.h"
#include "support/cursor.h"

using lsp::DismissedSuggestions;
using lsp::Query;

namespace {

Query at(std::string_view marked, std::string uri = "file:///a") {
  const auto [text, cursor] = tests::at_cursor(marked);
  return {.document = {.uri = std::move(uri), .content = std::make_shared<const std::string>(text)}, .cursor = cursor};
}

// Whether what was dismissed at `then` is held back at `now`.
bool held(std::string_view then, std::string ghost, std::string_view now, std::string other) {
  DismissedSuggestions dismissed;
  dismissed.add(at(then), {.ghost = std::move(ghost)});
  return dismissed.holds(at(now), {.ghost = std::move(other)});
}

}  // namespace

TEST_CASE("what was dismissed does not come again there") {
  CHECK(held("x = c|", "ompute()", "x = c|", "ompute()"));
  CHECK(held("x = c|", "ompute()", "x = co|", "mpute()"));
  CHECK(held("x = c|", "ompute()", "x = |", "compute()"));
  CHECK(held("def f():\n    |", "return 1\n    more", "def f():\n    |", "return 1"));
  CHECK(held("def f():|", "\n    return 1", "def f():|", "\n    return 1\n"));
  CHECK(held("a\nx = c|", "ompute()", "new first line\n\na\nx = c|", "ompute()"));
}

TEST_CASE("another suggestion, and the same elsewhere or further typed, comes") {
  CHECK_FALSE(held("x = c|", "ompute()", "x = c|", "all()"));
  CHECK_FALSE(held("a\nx = c|", "ompute()", "b\nx = c|", "ompute()"));
  CHECK_FALSE(held("x = c|", "ompute()", "x = comp|", "ute()"));
  CHECK_FALSE(held("x = c|", "ompute()", "y = c|", "ompute()"));
}

TEST_CASE("it is forgiven where the user asks, and forgotten with its document") {
  DismissedSuggestions dismissed;
  const lsp::Suggestion item{.ghost = "ompute()"};
  dismissed.add(at("a\nx = c|"), item);
  dismissed.add(at("a\nx = c|", "file:///b"), item);
  dismissed.forgive(at("other\nx = c|"));
  CHECK(dismissed.holds(at("a\nx = c|"), item));
  dismissed.forgive(at("a\nx = c|"));
  CHECK_FALSE(dismissed.holds(at("a\nx = c|"), item));
  CHECK(dismissed.holds(at("a\nx = c|", "file:///b"), item));
  dismissed.forget("file:///b");
  CHECK_FALSE(dismissed.holds(at("a\nx = c|", "file:///b"), item));
  for (int i = 0; i < 200; ++i) dismissed.add(at("line " + std::to_string(i) + "\nx = c|"), item);
  CHECK_FALSE(dismissed.holds(at("line 0\nx = c|"), item));
  CHECK(dismissed.holds(at("line 199\nx = c|"), item));
}

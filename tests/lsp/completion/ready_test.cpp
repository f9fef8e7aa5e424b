#include "lsp/completion/ready.h"

#include <string>

#include "support/catch.h"
#include "support/cursor.h"

namespace {

using lsp::Query;
using lsp::ReadySuggestions;
using lsp::Suggestion;

Query at(std::string_view marked, std::string uri = "file:///a") {
  const std::size_t cursor = marked.find('|');
  REQUIRE(cursor != std::string_view::npos);
  std::string text(marked.substr(0, cursor));
  text += marked.substr(cursor + 1);
  return {.document = {.uri = std::move(uri), .content = std::make_shared<const std::string>(text)}, .cursor = cursor};
}

// A suggestion for the line before the cursor and `rest` of what follows it, as the pipeline makes them.
lsp::Completion made(const Query& query, std::string ghost, std::size_t rest = 0) {
  const std::string_view text = query.document.text();
  const std::size_t line = text.substr(0, query.cursor).rfind('\n') + 1;
  Suggestion item{.begin = line, .end = query.cursor + rest, .ghost = ghost};
  item.text = std::string(text.substr(line, query.cursor - line)) + ghost + std::string(text.substr(query.cursor, rest));
  return {.items = {item}, .reason = lsp::Reason::Suggested};
}

// What is left to show after typing from `then` to `now`; "-" for nothing.
std::string left(std::string_view then, std::string_view ghost, std::string_view now, std::size_t rest = 0) {
  ReadySuggestions ready;
  const Query before = at(then), after = at(now);
  ready.keep(7, before, made(before, std::string(ghost), rest));
  const auto found = ready.find(after);
  if (!found) return "-";
  CHECK(found->key == 7);
  const Suggestion& item = found->completion.items.front();
  const std::string_view text = after.document.text();
  CHECK(item.begin <= after.cursor);
  CHECK(after.cursor <= item.end);
  CHECK(text.substr(item.begin, item.end - item.begin).find('\n') == std::string_view::npos);
  // Accepting it now gives what accepting it then would have given.
  const Suggestion first = made(before, std::string(ghost), rest).items.front();
  const std::string wanted = std::string(before.document.text().substr(0, first.begin)) + first.text + std::string(before.document.text().substr(first.end));
  CHECK(std::string(text.substr(0, item.begin)) + item.text + std::string(text.substr(item.end)) == wanted);
  return item.ghost;
}

}  // namespace

TEST_CASE("of several that fit, the one that shows goes on") {
  ReadySuggestions ready;
  Query asked = at("x = c|\n");
  asked.invocation = lsp::Invocation::Explicit;
  lsp::Completion several = made(asked, "ompute(a)");
  for (const char* ghost : {"ompute(a)\ny = 1", "omplain()"}) several.items.push_back(made(asked, ghost).items.front());
  ready.keep(7, asked, several);
  const auto next = [&](std::string_view marked) {
    const auto found = ready.find(at(marked));
    return found ? found->completion.items.front().ghost : "-";
  };
  CHECK(next("x = co|\n") == "mpute(a)");
  CHECK_FALSE(ready.showing(asked));  // asked again before the editor told what it shows: made anew
  ready.shown(7, 1);
  CHECK(next("x = co|\n") == "mpute(a)\ny = 1");
  CHECK(ready.showing(asked)->ghost == "ompute(a)\ny = 1");
  CHECK(next("x = compl|\n") == "ain()");  // the others are there where it does not fit any more
  ready.shown(7, 2);
  CHECK(next("x = comp|\n") == "lain()");
  CHECK(next("x = compu|\n") == "te(a)");
  ready.shown(7, 3);  // no such
  ready.shown(8, 0);
  CHECK(next("x = comp|\n") == "lain()");

  ReadySuggestions typing;
  typing.keep(9, at("x = c|\n"), made(at("x = c|\n"), "ompute(b)"));  // what came while typing shows
  CHECK(typing.showing(asked)->ghost == "ompute(b)");
}

TEST_CASE("what an editor closes by itself is taken into the suggestion") {
  CHECK(left("x = c|\n", "ompute(values)", "x = compute(|)\n") == "values)");
  CHECK(left("x = c|\n", "ompute(values)", "x = compute(val|)\n") == "ues)");
  CHECK(left("x = c|\n", "ompute(values)", "x = compute(values|)\n") == "-");
  CHECK(left("x = c|\n", "ompute([1, 2])", "x = compute([1|])\n") == ", 2])");
  CHECK(left("f(|)", "g('a'), b", "f(g('|'))", 1) == "a'), b");
  CHECK(left("x = c|\n", "ompute(values)", "x = compute(val|]\n") == "-");  // nothing of ours opened that
  CHECK(left("x = c|\n", "ompute(values", "x = compute(val|)\n") == "-");   // the suggestion does not close it
  CHECK(left("x = c|\n", "all()", "x = ca|)\n") == "-");                    // nor did the typing open it
}

TEST_CASE("a suggestion stays while it is typed") {
  CHECK(left("int a|", "dd(int b);", "int a|") == "dd(int b);");
  CHECK(left("int a|", "dd(int b);", "int ad|") == "d(int b);");
  CHECK(left("int a|", "dd(int b);", "int add(int b)|") == ";");
  CHECK(left("x\nf(|)\ny", "1, 2", "x\nf(1|)\ny", 1) == ", 2");
  CHECK(left("def f():|\n", "\n    return 1\n    # end", "def f():\n|\n") == "    return 1\n    # end");
  CHECK(left("def f():|\n", "\n    return 1\n    # end", "def f():\n    ret|\n") == "urn 1\n    # end");
  CHECK(left("def f():|\n", "\n    return 1\n    # end", "def f():\n    return 1\n    #|\n") == " end");
  CHECK(left("x = \"é|\"", "😀!", "x = \"é😀|\"") == "!");
}

TEST_CASE("and goes where the text goes another way") {
  CHECK(left("int a|", "dd();", "int ab|") == "-");      // other letters
  CHECK(left("int a|", "dd();", "int |") == "-");        // taken back
  CHECK(left("int a|", "dd();", "int add();|") == "-");  // all of it is there
  CHECK(left("f(|)", "1", "f(1|)", 1) == "-");
  CHECK(left("int a|\nb", "dd();", "int ad|\nc") == "-");  // something else changed
  CHECK(left("b\nint a|", "dd();", "c\nint ad|") == "-");
  CHECK(left("int a|", "dd();", "|int a") == "-");
}

TEST_CASE("what is being written may become a suggestion for what was typed since, as far as both agree") {
  struct Case {
    const char *then, *written, *now;
    bool wanted;
  };
  const Case cases[] = {
      {"a = |\n", "", "a = |\n", true},           // the same place
      {"a = |\n", "", "a = b|\n", true},          // nothing is written yet
      {"a = |\n", "bar", "a = b|\n", true},
      {"a = |\n", "b", "a = bar|\n", true},       // typing is ahead
      {"a = |\n", "bar", "a = c|\n", false},
      {"a = |\n", "bar", "a =|\n", false},        // taken back
      {"a = |\n", "bar", "x = b|\n", false},      // changed before
      {"a = |\n", "bar", "a = b|\nc", false},     // changed after
      {"f|\n", "(a, b)", "f(|)\n", true},         // closed by the editor
      {"f|\n", "(a", "f(|]\n", false},
      {"f|\n", "(a", "f(|))\n", true},            // both may still come
      {"a|bc", "x", "ab|c", false},               // moved without typing
  };
  for (const Case& c : cases) {
    INFO(c.then << " -> " << c.now << " with " << c.written);
    CHECK(lsp::may_become(at(c.then), c.written, at(c.now)) == c.wanted);
  }
  Query asked = at("a = |");
  asked.invocation = lsp::Invocation::Explicit;
  CHECK_FALSE(lsp::may_become(asked, "", at("a = |")));
  CHECK_FALSE(lsp::may_become(at("a = |"), "", asked));
  CHECK_FALSE(lsp::may_become(at("a = |"), "", at("a = |", "file:///other")));
}

TEST_CASE("of several suggestions for one place the one that is typed is found") {
  ReadySuggestions ready;
  const Query asked = at("x = c|");
  lsp::Completion three = made(asked, "ompute()");
  for (const char* other : {"all()", "urrent"}) three.items.push_back(made(asked, other).items.front());
  ready.keep(4, asked, three);
  const auto found = [&](std::string_view now) {
    const auto one = ready.find(at(now));
    return one ? std::to_string(one->key) + "." + std::to_string(one->index) + " " + one->completion.items.front().ghost : "-";
  };
  CHECK(found("x = c|") == "4.0 ompute()");
  CHECK(found("x = ca|") == "4.1 ll()");
  CHECK(found("x = curr|") == "4.2 ent");
  CHECK(found("x = cy|") == "-");
}

TEST_CASE("the newest that fits is found, by document, until it is forgotten") {
  ReadySuggestions ready;
  const Query a = at("x|"), b = at("x|", "file:///b");
  ready.keep(1, a, made(a, "1"));
  ready.keep(2, a, made(a, "2"));
  ready.keep(3, b, made(b, "3"));
  CHECK(ready.find(a)->key == 2);
  CHECK(ready.find(b)->key == 3);
  ready.forget("file:///a");
  CHECK(!ready.find(a));
  CHECK(ready.find(b));
  Query asked = b;
  asked.invocation = lsp::Invocation::Explicit;
  CHECK(!ready.find(asked));
  Query chosen = b;
  chosen.selected = lsp::SelectedItem{0, 1, "xy"};
  CHECK(!ready.find(chosen));
  for (int i = 0; i < 50; ++i) ready.keep(10, a, made(a, "many"));
  CHECK(!ready.find(b));  // only so many are kept
  ready.clear();
  CHECK(!ready.find(a));
}

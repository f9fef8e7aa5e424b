#include "lsp/context/anchors.h"

#include <random>

#include "support/catch.h"

using lsp::Anchors;
using lsp::Surroundings;
using lsp::Window;
using lsp::WindowBudget;

namespace {

constexpr WindowBudget kAsked{2000, 400};
constexpr const char* kUri = "file:///a.py";

std::string file_of(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += "    value_" + std::to_string(i) + " = compute(" + std::to_string(i) + ")\n";
  return text;
}

// As build_prompt() uses it.
Window window_at(Anchors& anchors, std::string_view text, std::size_t cursor) {
  const Surroundings around = lsp::look_around(text, cursor, "python");
  if (auto window = anchors.again(kUri, text, around, kAsked)) return *window;
  Window window = lsp::cut_window(text, around, anchors.budget(kUri, kAsked));
  anchors.keep(kUri, text, window, kAsked, kAsked);
  return window;
}

}  // namespace

TEST_CASE("anchors: while one types, over line ends too, the window around stays and what was typed follows it") {
  Anchors anchors;
  std::string text = file_of(100);
  std::size_t cursor = text.find("    value_50");
  const Window first = window_at(anchors, text, cursor);
  for (const char key : std::string("    if x:\n        return y\n    z = 3")) {
    text.insert(cursor++, 1, key);
    const Window now = window_at(anchors, text, cursor);
    CHECK(now.before == first.before);
    CHECK(now.after == first.after);
  }
  CHECK(window_at(anchors, text, cursor).typed == "    if x:\n        return y\n    z = 3");
  CHECK(anchors.stale(kUri, lsp::line_at(text, cursor)));
  CHECK_FALSE(anchors.stale(kUri, lsp::line_at(text, text.find("    if x"))));
}

TEST_CASE("anchors: a change before or after the window's own text, another place or another budget cuts anew") {
  const std::string text = file_of(100);
  const std::size_t cursor = text.find("value_50");
  const auto fits = [&](const std::string& changed, std::size_t at, WindowBudget asked = kAsked) {
    Anchors anchors;
    window_at(anchors, text, cursor);
    return anchors.again(kUri, changed, lsp::look_around(changed, at, "python"), asked).has_value();
  };
  CHECK(fits(text, cursor));
  CHECK_FALSE(fits(text, text.find("value_60")));
  CHECK_FALSE(fits(text, text.find("value_40")));
  CHECK_FALSE(fits(text, cursor, {1000, 400}));
  std::string before = text, after = text;
  before[cursor - 30] = '?';
  after[cursor + 60] = '?';
  CHECK_FALSE(fits(before, cursor));
  CHECK_FALSE(fits(after, cursor));
  std::string far = text;
  far.back() = '?';  // below the window
  CHECK(fits(far, cursor));
  CHECK_FALSE(Anchors().again("file:///other", text, lsp::look_around(text, cursor, "python"), kAsked));
}

TEST_CASE("anchors: a paste or many lines are too much to follow the middle marker") {
  for (const std::string& typed : {std::string(600, 'x'), std::string(20, '\n')}) {
    Anchors anchors;
    std::string text = file_of(100);
    std::size_t cursor = text.find("    value_50");
    window_at(anchors, text, cursor);
    text.insert(cursor, typed);
    cursor += typed.size();
    CHECK_FALSE(anchors.again(kUri, text, lsp::look_around(text, cursor, "python"), kAsked));
  }
}

TEST_CASE("anchors: whatever is edited, a window is the document's own text around the cursor") {
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round) {
    Anchors anchors;
    std::string text = file_of(20 + int(random() % 100));
    std::size_t cursor = random() % text.size();
    for (int step = 0; step < 80; ++step) {
      const unsigned kind = random() % 12;
      if (kind == 0) cursor = random() % (text.size() + 1);
      else if (kind == 1) text.erase(random() % text.size(), random() % 30);
      else if (kind == 2) text.insert(random() % text.size(), "# elsewhere\n");
      else if (kind == 3) text.insert(cursor, ")");
      else if (kind == 4) text.insert(cursor, "\r\n    "), cursor += 6;
      else text.insert(cursor, kind == 5 ? "\n" : "x"), ++cursor;
      cursor = lsp::snap_to_character(text, std::min(cursor, text.size()));
      const Window window = window_at(anchors, text, cursor);
      const std::string until = lsp::with_plain_line_ends(std::string_view(text).substr(window.skipped, cursor - window.skipped));
      REQUIRE(window.before + window.typed == until);
      const std::string_view rest = std::string_view(text).substr(lsp::after_begin(lsp::look_around(text, cursor, "python")));
      REQUIRE(lsp::with_plain_line_ends(rest).starts_with(window.after));
    }
  }
}

// Measuring by small cases that can be counted by hand.
#include <set>

#include "app/evaluate/holes.h"
#include "app/evaluate/metrics.h"
#include "support/catch.h"

namespace {

using namespace app;

Outcome outcome(std::size_t file, bool exact, float confidence, std::string wanted = "abcd") {
  Outcome out;
  out.hole.file = file;
  out.wanted = std::move(wanted);
  out.shown = true;
  out.exact = exact;
  out.confidence = confidence;
  return out;
}

std::vector<const Outcome*> all(const std::vector<Outcome>& outcomes) {
  std::vector<const Outcome*> out;
  for (const auto& one : outcomes) out.push_back(&one);
  return out;
}

std::vector<SourceFile> files() {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "def function_" + std::to_string(i) + "(a, b):\n    value = a.thing(b, " + std::to_string(i) + ")\n    return value\n\n";
  return {{"a.py", text, "python"}, {"b.py", text, "python"}};
}

}  // namespace

TEST_CASE("edit similarity") {
  CHECK(edit_similarity("abc", "abc") == 1);
  CHECK(edit_similarity("", "") == 1);
  CHECK(edit_similarity("", "abc") == 0);
  CHECK(edit_similarity("kitten", "sitting") == Approx(1 - 3.0 / 7));
}

TEST_CASE("sums of outcomes") {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 10; ++i) outcomes.push_back(outcome(std::size_t(i % 2), i < 4, 1.f - float(i) / 10, i < 4 ? "abcdef" : "ab"));
  outcomes[9].shown = false;
  outcomes[9].exact = false;
  outcomes[8].doubled = true;
  const Measured m = measure(all(outcomes));
  CHECK(m.exact == Approx(0.4));
  CHECK(m.shown == Approx(0.9));
  CHECK(m.characters_saved == Approx(24.0 / 36));
  CHECK(m.doubled == Approx(1.0 / 9));
  CHECK(m.precision[0].precision == Approx(1));
  CHECK(m.precision[1].precision == Approx(1));
  CHECK(m.precision[2].precision == Approx(4.0 / 6));
  CHECK(m.exact_95.low <= 0.4);
  CHECK(m.exact_95.high >= 0.4);
  CHECK(gated(all(outcomes), 0.75f).coverage == Approx(0.3));
  CHECK(gated(all(outcomes), 0.75f).precision == Approx(1));
  CHECK(measure({}).holes == 0);
}

TEST_CASE("holes are the same for the same seed, lie within their lines and are told apart") {
  const auto sources = files();
  const auto holes = cut_holes(sources, 3, 100);
  const auto again = cut_holes(sources, 3, 100), other = cut_holes(sources, 4, 100);
  REQUIRE(holes.size() > 80);
  REQUIRE(again.size() == holes.size());
  bool differs = false;
  std::set<HoleKind> kinds;
  for (std::size_t i = 0; i < holes.size(); ++i) {
    const Hole& hole = holes[i];
    CHECK(hole.begin == again[i].begin);
    differs = differs || i >= other.size() || hole.begin != other[i].begin;
    kinds.insert(hole.kind);
    const std::string_view text = sources[hole.file].text;
    const std::string_view inside = text.substr(hole.begin, hole.end - hole.begin);
    CHECK(inside.size() >= 2);
    CHECK(text[hole.end] == '\n');
    if (hole.kind != HoleKind::Block) CHECK(inside.find('\n') == std::string_view::npos);
    if (hole.kind == HoleKind::Block) CHECK(inside.starts_with("value = "));
    if (hole.kind == HoleKind::Block) CHECK(inside.ends_with("return value"));
    if (hole.kind == HoleKind::AfterMark) CHECK(std::string_view(".(=,").find(text[hole.begin - 1]) != std::string_view::npos);
  }
  CHECK(differs);
  CHECK(kinds.size() == 4);
}

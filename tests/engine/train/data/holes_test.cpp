#include "engine/train/data/holes.h"

#include <string>

#include "support/catch.h"

using namespace engine;

namespace {

const std::string kText =
    "class Größe {\n"
    "  int value() const {\n"
    "    if (ready()) {\n"
    "      return 1;\n"
    "    }\n"
    "    return 2;\n"
    "  }\n"
    "};\n";

template <class Check>
void with_many(const HoleMix& mix, const Check& check) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    const Hole hole = cut_hole(kText, mix, random);
    CHECK(std::string(hole.prefix) + std::string(hole.middle) + std::string(hole.suffix) == kText);
    check(hole);
  }
}

constexpr HoleMix only(double characters, double lines, double block, double rest) { return {characters, lines, block, rest}; }

}  // namespace

TEST_CASE("a hole anywhere cuts between characters, not within one") {
  bool in_word = false;
  with_many(only(1, 0, 0, 0), [&](const Hole& hole) {
    for (const std::string_view part : {hole.middle, hole.suffix})
      if (!part.empty()) CHECK((static_cast<unsigned char>(part[0]) & 0xC0) != 0x80);
    in_word |= !hole.prefix.empty() && std::isalpha(static_cast<unsigned char>(hole.prefix.back())) && !hole.middle.empty() &&
               std::isalpha(static_cast<unsigned char>(hole.middle[0]));
  });
  CHECK(in_word);
}

TEST_CASE("a hole of lines begins at a line's start and ends before a line's end") {
  with_many(only(0, 1, 0, 0), [](const Hole& hole) {
    CHECK((hole.prefix.empty() || hole.prefix.back() == '\n'));
    CHECK((hole.suffix.empty() || hole.suffix[0] == '\n'));
  });
}

TEST_CASE("a block is what is indented deeper than the line that opens it") {
  bool inner = false;
  with_many(only(0, 0, 1, 0), [&](const Hole& hole) {
    if (!hole.prefix.ends_with("if (ready()) {")) return;
    inner = true;
    CHECK(hole.middle == "\n      return 1;");
  });
  CHECK(inner);
}

TEST_CASE("the rest of a line ends where the line does") {
  with_many(only(0, 0, 0, 1), [](const Hole& hole) {
    CHECK(hole.middle.find('\n') == std::string_view::npos);
    CHECK((hole.suffix.empty() || hole.suffix[0] == '\n'));
  });
}

TEST_CASE("no middle is longer than asked for, and an empty text has an empty hole") {
  HoleMix mix;
  mix.most_bytes = 20;
  with_many(mix, [](const Hole& hole) { CHECK(hole.middle.size() <= 20); });
  Random random(1);
  CHECK(cut_hole("", mix, random).middle.empty());
}

TEST_CASE("what stands between two brackets, and statements over their lines") {
  bool call = false, block = false;
  with_many({.characters = 0, .lines = 0, .block = 0, .rest_of_line = 0, .brackets = 1}, [&](const Hole& hole) {
    if (hole.prefix.empty() || hole.prefix.back() != '{' || !hole.suffix.starts_with("}")) {
      call |= hole.prefix.ends_with("if (") && hole.middle == "ready()";
      return;
    }
    block |= hole.middle == "\n      return 1;\n    ";
  });
  CHECK(call);
  CHECK(block);
  bool whole = false, simple = false;
  with_many({.characters = 0, .lines = 0, .block = 0, .rest_of_line = 0, .statement = 1}, [&](const Hole& hole) {
    simple |= hole.prefix.ends_with("    ") && hole.middle == "return 2;";
    whole |= hole.prefix.ends_with("    ") && hole.middle == "if (ready()) {\n      return 1;\n    }";
  });
  CHECK(whole);
  CHECK(simple);
}

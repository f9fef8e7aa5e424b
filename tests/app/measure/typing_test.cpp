#include "app/measure/typing.h"

#include <numeric>

#include "support/catch.h"

namespace {

constexpr std::string_view kFile = "import os\n\ndef first(values):\n    total = sum(values)\n    return total / len(values)\n\ndef second():\n    pass\n";

std::string typed(const app::TypedPlace& place) {
  std::string text = place.text;
  std::string all;
  for (const app::Key& key : place.keys) all += key.text;
  return text.insert(place.cursor, all);
}

}  // namespace

TEST_CASE("typing: what is typed at a place makes the file whole again") {
  const auto places = app::typing_script(kFile, {.places = 3, .keys = 1000});
  REQUIRE(places.size() == 2);  // only two lines have another worth typing below
  for (const auto& place : places) CHECK(typed(place) == kFile);
}

TEST_CASE("typing: a line's end comes with the indentation below it, everything else by the character") {
  const auto places = app::typing_script("    größe = 12345\n    zweite = größe\n", {.places = 1});
  REQUIRE(places.size() == 1);
  std::vector<std::string> keys;
  for (const app::Key& key : places[0].keys) keys.push_back(key.text);
  CHECK(keys[2] == "ö");
  CHECK(std::count(keys.begin(), keys.end(), "\n    ") == 1);
  CHECK(places[0].text == "    \n");
}

TEST_CASE("typing: CRLF files are typed as an editor shows them") {
  const auto places = app::typing_script("first line of text\r\nsecond line of text\r\n", {.places = 1});
  REQUIRE(places.size() == 1);
  CHECK(places[0].text.find('\r') == std::string::npos);
}

TEST_CASE("typing: pauses are a person's: of the speed asked for, each different, the same with the same seed") {
  const app::TypingOptions options{.places = 1, .keys = 1000, .words_a_minute = 60};
  std::string file;
  for (int i = 0; i < 2; ++i) file += std::string(400, char('a' + i)) + "\n";
  const auto place = app::typing_script(file, options).at(0);
  double sum = 0;
  for (const app::Key& key : place.keys) sum += key.pause_ms;
  const double mean = sum / double(place.keys.size());
  CHECK(mean > 180);
  CHECK(mean < 225);
  CHECK(place.keys[5].pause_ms != place.keys[6].pause_ms);
  CHECK(app::typing_script(file, options).at(0).keys[7].pause_ms == place.keys[7].pause_ms);
  CHECK(app::typing_script(file, {.places = 1, .seed = 2}).at(0).keys[7].pause_ms != place.keys[7].pause_ms);
}

TEST_CASE("typing: a file without two lines to type gives no places") {
  CHECK(app::typing_script("", {}).empty());
  CHECK(app::typing_script("only one line of text\n", {}).empty());
}

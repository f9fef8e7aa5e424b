#include "tokenizer/incremental.h"

#include <chrono>

#include "base/files.h"
#include "support/shared_data.h"
#include "tokenizer/byte_tokenizer.h"
#include "tokenizer/fixtures.h"

namespace {

using tokenizer::IncrementalEncoder;
using tokenizer::Tokenizer;

std::string sample(std::string_view name) {
  return base::read_file(std::filesystem::path(RIGPILOT_SOURCE_DIR) / "tests/tokenizer/samples" / name).value();
}

// What people and tools put into files: code, words, line ends of all kinds, emoji, halves of special tokens, bad bytes.
std::string random_insertion(std::mt19937& random) {
  static const std::string kPieces[] = {"x",      " ",      "\n",        "\n    ",  "return value", " and b", "\r\n",     "\t",        "it's",   "<|endoftext|>",
                                        "é",      "中文字", "12345",     "  ",      ");",           "// a b c", "\xff",   "😀 a",      "▁",      "a b",
                                        "\n\n\n", "class A", " \n x", "'ll be", "=", "self.name",    "\xe2\x96", "<s>", " ", "word word word word"};
  if (random() % 6 == 0) return tests::random_text(random, 1 + random() % 20);
  return kPieces[random() % std::size(kPieces)];
}

void edit(std::string& text, std::mt19937& random) {
  const std::size_t at = random() % (text.size() + 1);
  if (random() % 3 == 0) text.erase(at, random() % 40);
  else text.insert(at, random_insertion(random));
}

// Random edits, each encoded both ways; any bytes at all, as edits may cut characters in two.
void check_edits(const Tokenizer& tokenizer, std::string text, int edits, unsigned seed) {
  IncrementalEncoder encoder(tokenizer);
  std::mt19937 random(seed);
  for (int i = 0; i < edits; ++i) {
    edit(text, random);
    const bool continues = random() % 2 == 0;
    const auto whole = tokenizer.encode(text, {.continues = continues});
    const auto ids = encoder.encode(text, continues);
    if (ids == whole) continue;
    INFO("edit " << i << " of seed " << seed);
    std::size_t at = 0;
    while (at < ids.size() && at < whole.size() && ids[at] == whole[at]) ++at;
    FAIL_CHECK("differs at token " << at << " of " << whole.size());
    return;
  }
}

}  // namespace

TEST_CASE("incremental: the same ids as from scratch after any edit, in each small vocabulary") {
  for (const std::string_view name : tests::kFixtures) {
    INFO(name);
    const auto tok = tests::load_fixture(name);
    check_edits(*tok, sample("sample.py").substr(0, 3000), 300, 1);
    check_edits(*tok, "", 200, 2);
  }
  check_edits(*tokenizer::make_byte_tokenizer(true), sample("sample.go").substr(0, 2000), 100, 3);
}

TEST_CASE("incremental: the same ids as from scratch in every family of pre-tokenizers") {
  const auto folder = tests::shared_data("tokenizers");
  if (!folder) {
    WARN("shared test data is absent: only the small vocabularies were checked");
    return;
  }
  std::size_t families = 0;
  for (const auto& file : std::filesystem::directory_iterator(*folder)) {
    if (file.path().extension() != ".gguf") continue;
    INFO(file.path().filename().string());
    auto tok = tokenizer::load_tokenizer(file.path());
    if (!tok) FAIL(tok.error().message);
    CHECK(IncrementalEncoder(**tok).cuts());  // or nothing would be won
    for (const std::string_view name : {"sample.cpp", "sample.py", "sample.rb", "sample.hs"}) check_edits(**tok, sample(name).substr(0, 4000), 120, 10);
    ++families;
  }
  CHECK(families >= 7);
}

TEST_CASE("incremental: a key typed encodes its own surroundings, however long the file") {
  const auto tok = tests::load_fixture("byte_bpe");
  IncrementalEncoder encoder(*tok);
  if (!encoder.cuts()) FAIL("this vocabulary allows cuts");
  std::string text;
  for (int i = 0; i < 20; ++i) text += sample("sample.py");
  encoder.encode(text, true);
  const std::size_t before = encoder.encoded_bytes();
  text.insert(text.size() / 2, "x");
  encoder.encode(text, true);
  CHECK(encoder.encoded_bytes() - before < 1000);
  CHECK(encoder.encoded_bytes() > before);
}

TEST_CASE("incremental: memory stays within its budget, and what was forgotten is encoded again") {
  const auto tok = tests::load_fixture("byte_bpe");
  IncrementalEncoder encoder(*tok, 4096);
  std::string text;
  for (int i = 0; i < 200; ++i) text += fmt::format("line {} of a file with words\n", i);
  const auto whole = tok->encode(text, {.continues = true});
  CHECK(encoder.encode(text, true) == whole);
  CHECK(encoder.encode(text, true) == whole);
  CHECK(encoder.encoded_bytes() > text.size());
}

TEST_CASE("incremental: cuts stand once a line, between two words, and depend on that line alone") {
  CHECK(tokenizer::cut_places("    return value of x\n").size() == 1);
  CHECK(tokenizer::cut_places("    return value of x\n")[0] == 10);
  CHECK(tokenizer::cut_places("x = 1; // no\n}\n\n").empty());
  const auto one = tokenizer::cut_places("first line here\nsecond line here\n"), two = tokenizer::cut_places("something longer\nsecond line here\n");
  REQUIRE(one.size() == 2);
  REQUIRE(two.size() == 2);
  CHECK(one[1] + 1 == two[1]);
}

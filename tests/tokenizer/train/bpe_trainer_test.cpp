#include "tokenizer/train/bpe_trainer.h"

#include <map>

#include "support/catch.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/train/hf_json_trained.h"

using namespace tokenizer;

namespace {

WordCounts counted(const std::vector<std::pair<std::string, std::uint64_t>>& words) {
  WordCounts counts;
  for (const auto& [word, times] : words) counts.count(word, times);
  return counts;
}

std::vector<std::string> merged(const WordCounts& words, std::size_t merges, std::uint64_t min_frequency = 1) {
  const auto trained = train_bpe(words, {.vocab_size = 256 + merges, .min_frequency = min_frequency}, {}, {});
  REQUIRE(trained);
  return {trained->tokens.begin() + 256, trained->tokens.end()};
}

WordCounts words_of(std::string_view text, std::string_view cuts) {
  const auto steps = find_cuts(cuts)->steps();
  REQUIRE(steps);
  WordCounts counts;
  counts.add(text, *steps);
  return counts;
}

}  // namespace

TEST_CASE("the commonest pair is merged first; of equals the one of lower ids, as the reference numbers bytes") {
  CHECK(merged(counted({{"low", 5}, {"lower", 2}, {"newest", 6}, {"widest", 3}}), 5) == std::vector<std::string>{"es", "est", "lo", "low", "ew"});
  CHECK(merged(counted({{"ab", 1}, {"cd", 1}}), 2) == std::vector<std::string>{"ab", "cd"});
  CHECK(merged(counted({{"~!", 1}, {"\n\t", 1}}), 1) == std::vector<std::string>{"~!"});  // "\n" is spelled U+010A, behind all that print
}

TEST_CASE("a pair within a run of equal bytes is merged from the left") {
  CHECK(merged(counted({{"aaaaaaa", 1}}), 2) == std::vector<std::string>{"aa", "aaaa"});
  CHECK(merged(counted({{"    ", 4}, {"        ", 2}}), 3) == std::vector<std::string>{"  ", "    ", "        "});
}

TEST_CASE("merging ends where no pair is frequent enough, or the vocabulary is full") {
  CHECK(merged(counted({{"ab", 3}, {"cd", 1}}), 10, 2) == std::vector<std::string>{"ab"});
  CHECK(merged(counted({{"ab", 3}, {"cd", 2}}), 1) == std::vector<std::string>{"ab"});
  CHECK(merged(counted({}), 10).empty());
  CHECK_FALSE(train_bpe({}, {.vocab_size = 256, .special = {"<s>"}}, {}, {}));
  std::stop_source stop;
  stop.request_stop();
  std::vector<std::pair<std::string, std::uint64_t>> many;
  for (char c = 'a'; c <= 'z'; ++c)
    for (char d = 'a'; d <= 'z'; ++d) many.push_back({{c, d}, 1});
  CHECK(train_bpe(counted(many), {.vocab_size = 900, .min_frequency = 1}, {}, stop.get_token()).error().code == base::ErrorCode::Cancelled);
}

TEST_CASE("counts of threads add up to the counts of one") {
  WordCounts all = words_of("one two two", "code"), more = words_of("two three", "code");
  all.absorb(more);
  std::map<std::string, std::uint64_t> counts;
  for (const auto& word : all.words()) counts[std::string(word.bytes)] = word.count;
  CHECK(counts == std::map<std::string, std::uint64_t>{{"one", 1}, {" two", 2}, {"two", 1}, {" three", 1}});
}

TEST_CASE("code: line ends and digits stand alone, a mark goes with the letters behind it, blanks run together") {
  const auto check = [](std::string_view text, std::vector<std::string> expected) {
    const auto steps = find_cuts("code")->steps();
    SplitContext context;
    std::vector<std::string_view> pieces;
    steps->split(text, Place::DocumentStart, context, pieces);
    CHECK(std::vector<std::string>(pieces.begin(), pieces.end()) == expected);
  };
  check("x = 12;\n\n    y.z_w(a)\n", {"x", " =", " ", "1", "2", ";", "\n", "\n", "   ", " y", ".z", "_w", "(a", ")", "\n"});
  check("if\r\n\t\treturn", {"if", "\r", "\n", "\t", "\treturn"});
  check("größe->Über", {"größe", "->", "Über"});
}

TEST_CASE("a trained vocabulary loads, and its text comes back") {
  const std::string text = "int main() {\n    return 0;  // größer\n}\nint other() {\n    return 1;\n}\n";
  const auto trained = train_bpe(words_of(text, "code"), {.vocab_size = 300, .min_frequency = 2, .special = {"<|endoftext|>", "<|fim_prefix|>"}}, {}, {});
  REQUIRE(trained);
  const std::string json = hf_json_of(*trained, *find_cuts("code"));
  const auto loaded = read_hf_json({.tokenizer = json});
  REQUIRE(loaded);
  const auto ids = (*loaded)->encode(text);
  CHECK((*loaded)->decode(ids) == text);
  CHECK(ids.size() < text.size() * 3 / 4);
  CHECK((*loaded)->find("<|endoftext|>") == 0);
  for (const auto id : (*loaded)->encode("a <|fim_prefix|> b")) CHECK((*loaded)->kind(id) == TokenKind::Normal);
  for (const auto id : ids) {
    const std::string_view bytes = (*loaded)->bytes(id);
    CHECK((bytes.find('\n') == std::string_view::npos || bytes == "\n"));
  }
}

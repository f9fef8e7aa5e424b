#include "tokenizer/regex.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/catch.h"

namespace {

std::string matches(std::string_view pattern, std::string_view text) {
  const auto regex = tokenizer::Regex::compile(pattern);
  if (!regex) return regex.error().message;
  tokenizer::RegexScratch scratch;
  std::vector<std::string_view> found;
  tokenizer::Regex::Match match;
  tokenizer::Regex::Walk walk;
  while (regex->next(text, walk, scratch, match)) found.push_back(text.substr(match.begin, match.end - match.begin));
  return fmt::format("{}", fmt::join(found, "|"));
}

}  // namespace

TEST_CASE("patterns mean what they mean to Oniguruma") {
  CHECK(matches(R"(\s)", "a\u3000b\u0085c") == "\u3000|\u0085");
  CHECK(matches(R"(\s)", "a\u180eb") == "");  // no white space since Unicode 6.3
  CHECK(matches(R"([^\s]+)", "ab\u180e c") == "ab\u180e|c");
  CHECK(matches(R"(\S+)", "ab\u2028c") == "ab|c");
  CHECK(matches(R"(\h+)", "xaF9z") == "aF9");
  CHECK(matches(R"(a$)", "a\na") == "a|a");
  CHECK(matches(R"(.+)", "a\r\nb") == "a\r|b");
  CHECK(matches(R"(\p{N}{1,3})", "1234५६") == "123|4५६");
  CHECK(matches(R"((?i:'s))", "'S's") == "'S|'s");
  CHECK(matches(R"([]a]+)", "a]b") == "a]");
  CHECK(matches(R"([[:alpha:]]+)", "ab1") == "ab");
}

TEST_CASE("what Oniguruma and PCRE2 spell differently") {
  CHECK(matches(R"(\d{1,3}+)", "1234567") == "1234567");   // a repeated repetition, not a possessive one
  CHECK(matches(R"(a{2}?)", "aaa") == "aa|");              // an optional one
  CHECK(matches(R"(a{,2})", "aaa") == "aa|a");
  CHECK(matches(R"((ab){1,2}+c)", "ababababc") == "ababababc");
  CHECK(matches(R"([^(\s|[.,!?。])]+)", "ab(c|d. e") == "ab|c|d|e");  // BLOOM's: a class inside a negated class
  CHECK(matches(R"([a-z&&[^aeiou]]+)", "queue xyz") == "q|xyz");
  CHECK(matches(R"([a[^b-z\x00-\x60]]+)", "ab{c") == "a|{");
  CHECK(matches(R"([\S&&[^a]]+)", "ab ca") == "b|c");
  CHECK(matches(R"([^\W\d]+)", "ab1_é!") == "ab|_é");
  CHECK(matches(R"(\w+)", "aé_1²Ⓐ½ x") == "aé_1²Ⓐ½|x");
  CHECK(matches(R"(\bof\b)", "of off xof of") == "of|of");
  CHECK(matches(R"([[:punct:]]+)", "a+<b$.c") == "+<|$.");
  CHECK(matches(R"([[:^alpha:]]+)", "a1b") == "1");
  CHECK(matches(R"((?m:a.b))", "a\nb") == "a\nb");  // Ruby's m is PCRE2's s
  CHECK(matches("\\u0061+", "baa") == "aa");
  CHECK(matches(R"(\Qa\E)", "QaE") == "QaE");
}

TEST_CASE("empty matches cut, but not twice in one place") {
  CHECK(matches("a*", "baab") == "|aa|");
  CHECK(matches("(?=[A-Z])", "aBcD") == "|");
  CHECK(matches("x*", "") == "");
}

TEST_CASE("what cannot be said in PCRE2 is an error, not another meaning") {
  CHECK(matches("[a", "x").find("does not close a class") != std::string::npos);
  CHECK(matches("[[:nonsense:]]", "x").find("[:nonsense:]") != std::string::npos);
  CHECK(matches("a\\", "x").find("backslash") != std::string::npos);
  CHECK(matches("(a", "x").find("does not compile") != std::string::npos);
  CHECK(matches(R"(\C)", "x").find("does not compile") != std::string::npos);
  CHECK(matches(std::string(100, '[') + "a" + std::string(100, ']'), "x").find("nests too many classes") != std::string::npos);
  CHECK(matches(std::string(1000, '('), "x").find("nests more than") != std::string::npos);
}

TEST_CASE("a pattern that explodes stops, and the text goes on as one piece") {
  const std::string text(64, 'a');
  CHECK(matches("(a+)+(a+)+(a+)+b", text).empty());
}

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
  for (std::size_t at = 0; regex->next(text, at, scratch, match); at = match.end) found.push_back(text.substr(match.begin, match.end - match.begin));
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

TEST_CASE("empty matches are passed over") { CHECK(matches("a*", "baab") == "aa"); }

TEST_CASE("what cannot be said in PCRE2 is an error, not another meaning") {
  CHECK(matches("[a-z&&[^b]]", "x").find("&&") != std::string::npos);
  CHECK(matches("[a[bc]]", "x").find("class inside a class") != std::string::npos);
  CHECK(matches("(a", "x").find("does not compile") != std::string::npos);
  CHECK(matches(R"(\C)", "x").find("does not compile") != std::string::npos);
}

TEST_CASE("a pattern that explodes stops, and the text goes on as one piece") {
  const std::string text(64, 'a');
  CHECK(matches("(a+)+(a+)+(a+)+b", text).empty());
}

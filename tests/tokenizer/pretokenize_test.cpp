// The named pre-tokenizers: where each family cuts, that every name's patterns compile, and that no text makes one explode.
#include "tokenizer/pretokenize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

#include "support/catch.h"

using namespace tokenizer;

namespace {

constexpr std::string_view kNames[] = {
    "default", "gpt-2", "olmo", "mpt", "starcoder", "refact", "command-r", "smollm", "codeshell", "llama-bpe", "llama3", "llama-v3",
    "smaug-bpe", "dbrx", "chatglm-bpe", "qwen2", "qwen35", "stablelm2", "seed-coder", "bailingmoe", "tekken", "gpt-4o", "deepseek-coder",
    "deepseek-llm", "deepseek-v3", "falcon", "bloom", "viking", "rigpilot-code"};

std::vector<std::string_view> pieces_of(std::string_view name, std::string_view text) {
  auto named = pretokenize_named(name);
  if (!named) FAIL(named.error().message);
  SplitContext context;
  std::vector<std::string_view> pieces;
  PreTokenizer(std::move(named->steps)).split(text, Place::DocumentStart, context, pieces);
  return pieces;
}

void check(std::string_view name, std::string_view text, std::string_view expected) {
  INFO(name);
  CHECK(fmt::format("{}", fmt::join(pieces_of(name, text), "|")) == expected);
}

}  // namespace

TEST_CASE("each family cuts words, digits, spaces and line ends its own way") {
  constexpr std::string_view kText = "int x1234 =  'It's'; // é\r\n\n\ty";
  check("gpt-2", kText, "int| x|1234| =| | '|It|'s|';| //| é|\r\n\n|\t|y");
  check("starcoder", kText, "int| x|1|2|3|4| =| | '|It|'s|';| //| é|\r\n\n|\t|y");
  check("qwen2", kText, "int| x|1|2|3|4| =| | '|It|'s|';| //| é|\r\n\n|\ty");
  check("llama-bpe", kText, "int| x|123|4| =| | '|It|'s|';| //| é|\r\n\n|\ty");
  check("deepseek-coder", kText, "int| x|1|2|3|4| = | '|It|'|s|';| //| é|\r|\n|\n|\ty");
  check("rigpilot-code", kText, "int| x|1|2|3|4| =| | '|It|'s|';| //| é|\r|\n|\n|\ty");
  check("gpt-4o", "camelCase HTTPServer", "camel|Case| HTTPServer");
  check("deepseek-llm", "naïve ab", "na|ï|ve| ab");  // its punctuation runs from : to ~, letters and all
}

TEST_CASE("every name's pieces are the whole text") {
  constexpr std::string_view kText = " def f(a, b):\r\n\treturn 12345 * a  # 你好 Привет e\u0301 🦙\u3000\u180e 'S ½ \n\n";
  for (const std::string_view name : kNames) {
    INFO(name);
    const auto pieces = pieces_of(name, kText);
    CHECK(fmt::format("{}", fmt::join(pieces, "")) == kText);
    CHECK(pieces.size() > 5);
  }
}

TEST_CASE("no text makes a pattern explode") {
  std::string texts[] = {std::string(200'000, ' ') + "🦙", std::string(200'000, '\n') + "x", std::string(200'000, '('), std::string(200'000, 'A') + "1"};
  for (int i = 0; i < 50'000; ++i) texts[3] += " \t";
  for (const std::string_view name : kNames)
    for (const std::string& text : texts) {
      const auto start = std::chrono::steady_clock::now();
      const auto pieces = pieces_of(name, text);
      std::size_t length = 0;
      for (const std::string_view piece : pieces) length += piece.size();
      INFO(name << ", " << text.size() << " bytes");
      CHECK(length == text.size());
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
    }
}

TEST_CASE("an unknown name is refused by name") {
  const auto named = pretokenize_named("gpt-9");
  REQUIRE_FALSE(named);
  CHECK(named.error().code == base::ErrorCode::Unsupported);
  CHECK(named.error().message.find("gpt-9") != std::string::npos);
}

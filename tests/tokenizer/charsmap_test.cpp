// SentencePiece's compiled rules: what they write, and which bytes are no rules. tests/tokenizer/variants_test.py compares them
// with the `tokenizers` library on random text.
#include "tokenizer/charsmap.h"

#include "base/base64.h"
#include "base/files.h"
#include "support/catch.h"

namespace {

std::string rules() { return *base::read_file(std::string(RIGPILOT_SOURCE_DIR) + "/tests/fuzz/seeds/charsmap/rules"); }

}  // namespace

TEST_CASE("compiled rules are applied to characters and to a character with its marks") {
  const auto charsmap = tokenizer::Charsmap::parse(rules());
  REQUIRE(charsmap);
  const auto check = [&](const char* text, const char* expected) { CHECK(charsmap->apply(text) == expected); };
  check("", "");
  check("plain text: 123", "plain text: 123");
  check("①ﬁ…", "1fi...");
  check("e\u0301", "é");
  check("B A", "B a");
  check("A\u0308", "a");  // the shortest rule that begins there, for the whole of it: as the library has it
  check("x\u200by", "xy");
  check("Привет 你好 \xF0\x9F\x98\x80", "Привет 你好 \xF0\x9F\x98\x80");
}

TEST_CASE("bytes that are no compiled rules are refused by a sentence") {
  const auto refused = [](std::string_view bytes, const char* sentence) {
    const auto charsmap = tokenizer::Charsmap::parse(bytes);
    REQUIRE_FALSE(charsmap);
    CHECK_THAT(charsmap.error().message, Catch::Matchers::Contains(sentence));
  };
  refused("", "0 bytes long");
  refused("abc", "3 bytes long");
  refused(std::string_view("\x08\0\0\0abcd", 8), "8 are said to be a trie");
  refused(std::string_view("\x03\0\0\0abcd", 8), "in fours");
  refused(std::string_view("\0\0\0\0\xFF\0", 6), "not UTF-8");
  const std::string whole = rules();
  for (std::size_t size = 4; size < whole.size(); size += 97) {  // a trie without its texts, and texts cut short, change what they can
    const auto cut = tokenizer::Charsmap::parse(std::string_view(whole).substr(0, size));
    if (cut) CHECK_FALSE(cut->apply("B ① ﬁ").empty());
  }
}

TEST_CASE("base64 is whole groups of four") {
  CHECK(base::decode_base64("") == "");
  CHECK(base::decode_base64("TWFu") == "Man");
  CHECK(base::decode_base64("TWE=") == "Ma");
  CHECK(base::decode_base64("TQ==") == "M");
  CHECK(base::decode_base64("+/+/") == "\xFB\xFF\xBF");
  for (const char* text : {"TWF", "TW=u", "T===", "TWF!", "=", "TQ==TQ==", "TWFuT"}) CHECK_FALSE(base::decode_base64(text));
}

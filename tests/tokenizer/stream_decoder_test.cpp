#include "tokenizer/stream_decoder.h"

#include "tests/tokenizer/fixtures.h"
#include "tokenizer/byte_tokenizer.h"

using tests::load_fixture;

namespace {

// Every piece a stream gives, each checked to be whole characters.
std::vector<std::string> stream(const tokenizer::Tokenizer& tokenizer, std::span<const tokenizer::TokenId> ids, bool continues) {
  tokenizer::StreamDecoder decoder(tokenizer, continues);
  std::vector<std::string> pieces;
  for (const auto id : ids) {
    pieces.push_back(decoder.push(id));
    CHECK(base::is_valid_utf8(pieces.back()));
  }
  pieces.push_back(decoder.finish());
  return pieces;
}

std::string joined(const std::vector<std::string>& pieces) { return fmt::format("{}", fmt::join(pieces, "")); }

}  // namespace

TEST_CASE("a character split over tokens comes when its last byte does") {
  const auto bytes = tokenizer::make_byte_tokenizer();
  const auto check = [&](std::string_view text, std::vector<std::string> pieces) {
    CHECK(stream(*bytes, bytes->encode(text), true) == pieces);
  };
  check("aé", {"a", "", "é", ""});
  check("🦙", {"", "", "", "🦙", ""});
  check("a\xC3", {"a", "", "\uFFFD"});
  check("\xC3" "b", {"", "\uFFFD" "b", ""});
  check("\xFF", {"\uFFFD", ""});
  check("\xED\xA0\x80x", {"", "\uFFFD\uFFFD", "\uFFFD", "x", ""});
}

TEST_CASE("a stream gives what decode() gives, in whole characters") {
  std::mt19937 random(3);
  for (const std::string_view fixture : tests::kFixtures) {
    const auto tokenizer = load_fixture(fixture);
    for (int i = 0; i < 100; ++i) {
      const std::string text = tests::random_text(random, 30);
      CHECK(joined(stream(*tokenizer, tokenizer->encode(text), false)) == text);
      CHECK(joined(stream(*tokenizer, tokenizer->encode(text, {.continues = true}), true)) == text);
    }
  }
}

TEST_CASE("control tokens add nothing to a stream") {
  const auto bytes = tokenizer::make_byte_tokenizer();
  CHECK(joined(stream(*bytes, std::vector<tokenizer::TokenId>{'a', tokenizer::byte_ids::kEnd, 'b'}, true)) == "ab");
}

TEST_CASE("ids outside the vocabulary add nothing to a stream") {
  const auto tokenizer = load_fixture("byte_bpe");
  CHECK(joined(stream(*tokenizer, std::vector<tokenizer::TokenId>{-1, 1'000'000'000}, true)).empty());
}

#include "tokenizer/byte_tokenizer.h"

#include "support/catch.h"
#include "tokenizer/fim.h"

using namespace tokenizer;

TEST_CASE("a byte is its own id") {
  const auto bytes = make_byte_tokenizer();
  CHECK(bytes->encode("A\xFF") == std::vector<TokenId>{'A', 0xFF});
  CHECK(bytes->decode(std::vector<TokenId>{'h', 'i', byte_ids::kEnd}) == "hi");
  CHECK(bytes->vocab_size() == 260);
  CHECK(bytes->bytes(-1).empty());
  CHECK(bytes->bytes(260).empty());
  CHECK(bytes->find("h") == TokenId{'h'});
  CHECK(bytes->find("<|fim_prefix|>") == byte_ids::kFimPrefix);
  CHECK_FALSE(bytes->find("hi"));
}

TEST_CASE("markers are parsed only when asked for") {
  const auto bytes = make_byte_tokenizer();
  CHECK(bytes->encode("<|fim_prefix|>").size() == 14);
  CHECK(bytes->encode("a<|fim_prefix|>", {.parse_special = true}) == std::vector<TokenId>{'a', byte_ids::kFimPrefix});
}

TEST_CASE("without fill-in-the-middle there is no layout") {
  REQUIRE(probe_fim(*make_byte_tokenizer()));
  CHECK(probe_fim(*make_byte_tokenizer())->prefix == byte_ids::kFimPrefix);
  CHECK_FALSE(probe_fim(*make_byte_tokenizer(false)));
}

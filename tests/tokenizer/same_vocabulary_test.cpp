#include "tokenizer/same_vocabulary.h"

#include "support/catch.h"
#include "tokenizer/byte_tokenizer.h"
#include "tokenizer/load.h"

using namespace tokenizer;

namespace {

std::unique_ptr<Tokenizer> fixture(const char* name) {
  auto loaded = load_tokenizer(std::filesystem::path(RIGPILOT_FIXTURES) / "tokenizer" / name);
  if (!loaded) FAIL(loaded.error().message);
  return std::move(*loaded);
}

}  // namespace

TEST_CASE("a vocabulary is the same from a folder and from a GGUF file; another one is not") {
  const auto folder = fixture("byte_bpe"), file = fixture("byte_bpe.gguf"), other = fixture("spm.gguf");
  CHECK(check_same_vocabulary({*folder, "one"}, {*file, "two"}));
  CHECK(check_same_vocabulary({*file, "one"}, {*file, "two"}));
  const auto differs = check_same_vocabulary({*file, "small.gguf"}, {*other, "big.gguf"});
  REQUIRE_FALSE(differs);
  INFO(differs.error().message);
  for (const char* part : {"small.gguf", "big.gguf", "expected the same vocabulary"}) CHECK(differs.error().message.find(part) != std::string::npos);
}

TEST_CASE("holes and filled-up rows do not make another vocabulary") {
  const auto with = make_byte_tokenizer(true), without = make_byte_tokenizer(false);
  CHECK(check_same_vocabulary({*with, "one"}, {*without, "two"}));
}

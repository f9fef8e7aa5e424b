// Each kind of vocabulary against what its reference library said when the fixtures were made.
#include "tests/tokenizer/fixtures.h"

#include "base/files.h"
#include "base/json.h"

using tests::load_fixture;
using tests::spell;

namespace {

void check_expected(std::string_view fixture, const char* reference) {
  const auto tokenizer = load_fixture(fixture);
  const auto expected = base::parse_json(base::read_file(tests::fixture("expected.json")).value(), "expected.json").value();
  REQUIRE(expected[reference].size() > 20);
  for (const auto& one : expected[reference]) {
    const auto text = one["text"].get<std::string>();
    INFO(fixture << ": '" << text << "'");
    const auto ids = tokenizer->encode(text);
    CHECK(spell(ids) == spell(one["ids"].get<std::vector<tokenizer::TokenId>>()));
    CHECK(tokenizer->decode(ids) == text);
  }
}

}  // namespace

TEST_CASE("byte-level BPE gives the tokenizers library's ids, from tokenizer.json and from GGUF") {
  check_expected("byte_bpe", "byte_bpe");
  check_expected("byte_bpe.gguf", "byte_bpe");
}

TEST_CASE("SentencePiece gives the sentencepiece library's ids, from tokenizer.model and from GGUF") {
  check_expected("spm", "spm");
  check_expected("spm.gguf", "spm");
}

TEST_CASE("any well-formed text comes back exactly, from every kind of vocabulary") {
  std::mt19937 random(7);
  for (const std::string_view fixture : tests::kFixtures) {
    const auto tokenizer = load_fixture(fixture);
    for (int i = 0; i < 300; ++i) {
      const std::string text = tests::random_text(random, 1 + random() % 60);
      INFO(fixture << " " << i << ": '" << text << "'");
      CHECK(tokenizer->decode(tokenizer->encode(text)) == text);
    }
  }
}

TEST_CASE("a text that continues another comes back with it exactly") {
  for (const std::string_view fixture : tests::kFixtures) {
    const auto tokenizer = load_fixture(fixture);
    for (const std::string_view tail : {"x", " x", "  return", "\n", "Ж", "▁"}) {
      auto ids = tokenizer->encode("the dog");
      for (const auto id : tokenizer->encode(tail, {.continues = true})) ids.push_back(id);
      CHECK(tokenizer->decode(ids) == "the dog" + std::string(tail));
    }
  }
}

TEST_CASE("bytes that are no UTF-8 come back too, where the vocabulary has byte tokens") {
  std::mt19937 random(11);
  for (const std::string_view fixture : tests::kFixtures) {
    const auto tokenizer = load_fixture(fixture);
    for (const std::string_view bytes : {"\xED\xA0\x80", "\xC3", "a\xFFz", "\xF0\x9F\xA6", "\x80\x80 x", "\xC0\xAF"})
      CHECK(tokenizer->decode(tokenizer->encode(bytes)) == bytes);
    for (int i = 0; i < 200; ++i) {
      std::string bytes(1 + random() % 40, ' ');
      for (char& byte : bytes) byte = static_cast<char>(random());
      CHECK(tokenizer->decode(tokenizer->encode(bytes)) == bytes);
    }
  }
}

TEST_CASE("user text never becomes a control token; asked for, it does") {
  for (const std::string_view fixture : tests::kFixtures) {
    const auto tokenizer = load_fixture(fixture);
    for (std::size_t i = 0; i < tokenizer->vocab_size(); ++i) {
      const auto id = static_cast<tokenizer::TokenId>(i);
      if (tokenizer->kind(id) != tokenizer::TokenKind::Control) continue;
      const std::string name(tokenizer->bytes(id));
      const std::string text = "a " + name + name + " b";
      INFO(fixture << " " << name);
      const auto plain = tokenizer->encode(text);
      CHECK(std::ranges::none_of(plain, [&](auto t) { return tokenizer->kind(t) == tokenizer::TokenKind::Control; }));
      CHECK(tokenizer->decode(plain) == text);
      CHECK(std::ranges::count(tokenizer->encode(text, {.parse_special = true}), id) == 2);
    }
  }
}

TEST_CASE("a megabyte without a break is encoded, and comes back") {
  const std::string one_letter(1'000'000, 'a');
  std::string mixed;
  while (mixed.size() < 1'000'000) mixed += "thedogxjumps";
  for (const std::string_view fixture : {"byte_bpe", "spm.gguf"}) {
    const auto tokenizer = load_fixture(fixture);
    CHECK(tokenizer->decode(tokenizer->encode(one_letter)) == one_letter);
    CHECK(tokenizer->decode(tokenizer->encode(mixed)) == mixed);
  }
}

TEST_CASE("the special ids are those of the files") {
  for (const std::string_view fixture : {"byte_bpe", "byte_bpe.gguf"}) {
    const auto tokenizer = load_fixture(fixture);
    REQUIRE(tokenizer->end_ids().size() == 1);
    CHECK(tokenizer->bytes(tokenizer->end_ids()[0]) == "<|endoftext|>");
    CHECK_FALSE(tokenizer->adds_bos());
    CHECK_FALSE(tokenizer->strips_leading_space());
    CHECK(tokenizer->kind(*tokenizer->find("<|fim_prefix|>")) == tokenizer::TokenKind::Control);
    CHECK(tokenizer->kind(*tokenizer->find("<tool>")) == tokenizer::TokenKind::UserDefined);
  }
  for (const std::string_view fixture : {"spm", "spm.gguf"}) {
    const auto tokenizer = load_fixture(fixture);
    CHECK(tokenizer->bos() == 1);
    CHECK(tokenizer->adds_bos());
    CHECK(tokenizer->strips_leading_space());
    REQUIRE(tokenizer->end_ids().size() == 2);
    CHECK(tokenizer->end_ids()[0] == 2);
    CHECK(tokenizer->bytes(tokenizer->end_ids()[1]) == "▁<EOT>");
    CHECK(tokenizer->kind(8) == tokenizer::TokenKind::Byte);
    CHECK(tokenizer->bytes(8 + '\n') == "\n");
  }
}

#include "tokenizer/fim.h"

#include "support/catch.h"
#include "tests/tokenizer/fixtures.h"
#include "tokenizer/vocabulary.h"

using namespace tokenizer;

namespace {

// A vocabulary of nothing but these tokens, ids from 0.
class Names : public VocabularyTokenizer {
 public:
  using VocabularyTokenizer::VocabularyTokenizer;
  std::vector<TokenId> encode(std::string_view, EncodeOptions) const override { return {}; }
};

Names vocabulary_of(std::vector<std::string_view> names, TokenKind kind) {
  Vocabulary vocabulary;
  for (std::size_t i = 0; i < names.size(); ++i) REQUIRE(vocabulary.set(static_cast<std::int64_t>(i), names[i], names[i], kind));
  return Names(std::move(vocabulary), {});
}

std::string describe(const std::optional<FimLayout>& layout) {
  if (!layout) return "none";
  return fmt::format("{}: {} prefix {} suffix {} middle {} repo {} file {} ends {}", layout->family,
                     layout->order == FimOrder::PrefixSuffixMiddle ? "PSM" : "SPM", layout->prefix, layout->suffix,
                     layout->middle.value_or(-1), layout->repo_name.value_or(-1), layout->file_separator.value_or(-1),
                     tests::spell(layout->end));
}

void check(std::vector<std::string_view> names, std::string_view expected, TokenKind kind = TokenKind::Control) {
  CHECK(describe(probe_fim(vocabulary_of(std::move(names), kind))) == expected);
}

}  // namespace

TEST_CASE("each family's markers are found by their ids") {
  check({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>", "<|endoftext|>", "<|fim_pad|>"},
        "qwen: PSM prefix 0 suffix 1 middle 2 repo 3 file 4 ends 0 1 2 5 6 3 4");
  check({"x", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|file_separator|>"}, "qwen: PSM prefix 1 suffix 3 middle 2 repo -1 file 4 ends 1 3 2 4");
  check({"<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<reponame>", "<filename>"}, "starcoder: PSM prefix 0 suffix 2 middle 1 repo 3 file 4 ends 0 2 1 3 4");
  check({"<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<repo_name>", "<file_sep>"}, "starcoder: PSM prefix 0 suffix 2 middle 1 repo 3 file 4 ends 0 2 1 3 4");
  check({"<fim-prefix>", "<fim-middle>", "<fim-suffix>"}, "santacoder: PSM prefix 0 suffix 2 middle 1 repo -1 file -1 ends 0 2 1");
  check({"<｜fim▁hole｜>", "<｜fim▁begin｜>", "<｜fim▁end｜>"}, "deepseek: PSM prefix 1 suffix 0 middle 2 repo -1 file -1 ends 1 0 2");
  check({"▁<PRE>", "▁<MID>", "▁<SUF>", "▁<EOT>"}, "codellama: PSM prefix 0 suffix 2 middle 1 repo -1 file -1 ends 0 2 1 3");
  check({"[PREFIX]", "[SUFFIX]", "[MIDDLE]"}, "codestral: SPM prefix 0 suffix 1 middle -1 repo -1 file -1 ends 0 1 2");
  check({"<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"}, "seed-coder: SPM prefix 0 suffix 1 middle 2 repo -1 file -1 ends 0 1 2");
  check({"<|code_prefix|>", "<|code_middle|>", "<|code_suffix|>"}, "glm: PSM prefix 0 suffix 2 middle 1 repo -1 file -1 ends 0 2 1");
}

TEST_CASE("a layout needs every one of its markers, as tokens of their own") {
  check({"<|fim_prefix|>", "<|fim_suffix|>"}, "none");
  check({"[PREFIX]"}, "none");
  check({"<|endoftext|>", "the"}, "none");
  check({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"}, "none", TokenKind::Normal);
  check({"<PRE>", "<SUF>", "<MID>"}, "none", TokenKind::Normal);
}

TEST_CASE("the layouts of real files are found") {
  for (const std::string_view fixture : {"byte_bpe", "byte_bpe.gguf"}) CHECK(probe_fim(*tests::load_fixture(fixture)).value().family == "qwen");
  for (const std::string_view fixture : {"spm", "spm.gguf"}) CHECK(probe_fim(*tests::load_fixture(fixture)).value().family == "codellama");
}

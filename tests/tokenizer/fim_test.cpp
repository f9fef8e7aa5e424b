#include "tokenizer/fim.h"

#include "support/catch.h"
#include "tests/tokenizer/fixtures.h"
#include "tokenizer/synthetic.h"
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
  const RepositoryForm& form = layout->repository;
  return fmt::format("{}: {} prefix {} suffix {} middle {} files {} repo {} file {} ends {}", layout->family,
                     layout->order == FimOrder::PrefixSuffixMiddle ? "PSM" : layout->order == FimOrder::SuffixPrefixMiddle ? "SPM" : "SMP", layout->prefix, layout->suffix,
                     layout->middle.value_or(-1), form ? form.name : "none", form.repo_name.value_or(-1), form.file.value_or(-1),
                     tests::spell(layout->end));
}

void check(std::vector<std::string_view> names, std::string_view expected, TokenKind kind = TokenKind::Control) {
  CHECK(describe(probe_fim(vocabulary_of(std::move(names), kind))) == expected);
}

}  // namespace

TEST_CASE("each family's markers are found by their ids") {
  check({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>", "<|endoftext|>", "<|fim_pad|>"},
        "qwen: PSM prefix 0 suffix 1 middle 2 files qwen repo 3 file 4 ends 0 1 2 5 6 3 4");
  check({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>", "<|endoftext|>", "<|fim_suffix_first|>"},
        "rigpilot: SMP prefix 0 suffix 1 middle 2 files qwen repo 3 file 4 ends 0 1 2 5 3 6 4");
  check({"x", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|file_separator|>"},
        "qwen: PSM prefix 1 suffix 3 middle 2 files codegemma repo -1 file 4 ends 1 3 2 4");
  check({"<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|filename|>", "<|reponame|>"},
        "qwen: PSM prefix 0 suffix 2 middle 1 files granite repo 4 file 3 ends 0 2 1 4 3");
  check({"<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<reponame>", "<filename>"},
        "starcoder: PSM prefix 0 suffix 2 middle 1 files starcoder repo 3 file 4 ends 0 2 1 3 4");
  check({"<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<repo_name>", "<file_sep>"},
        "starcoder: PSM prefix 0 suffix 2 middle 1 files starcoder2 repo 3 file 4 ends 0 2 1 3 4");
  check({"<fim_prefix>", "<fim_middle>", "<fim_suffix>"}, "starcoder: PSM prefix 0 suffix 2 middle 1 files none repo -1 file -1 ends 0 2 1");
  check({"<fim-prefix>", "<fim-middle>", "<fim-suffix>"}, "santacoder: PSM prefix 0 suffix 2 middle 1 files none repo -1 file -1 ends 0 2 1");
  check({"<｜fim▁hole｜>", "<｜fim▁begin｜>", "<｜fim▁end｜>"}, "deepseek: PSM prefix 1 suffix 0 middle 2 files deepseek repo -1 file -1 ends 1 0 2");
  check({"▁<PRE>", "▁<MID>", "▁<SUF>", "▁<EOT>"}, "codellama: PSM prefix 0 suffix 2 middle 1 files none repo -1 file -1 ends 0 2 1 3");
  check({"[PREFIX]", "[SUFFIX]", "[MIDDLE]"}, "codestral: SPM prefix 0 suffix 1 middle -1 files codestral repo -1 file -1 ends 0 1 2");
  check({"<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"}, "seed-coder: SPM prefix 0 suffix 1 middle 2 files none repo -1 file -1 ends 0 1 2");
  check({"<|code_prefix|>", "<|code_middle|>", "<|code_suffix|>"}, "glm: SPM prefix 0 suffix 2 middle 1 files none repo -1 file -1 ends 0 2 1");
}

TEST_CASE("a layout needs every one of its markers, as tokens of their own") {
  check({"<|fim_prefix|>", "<|fim_suffix|>"}, "none");
  check({"[PREFIX]"}, "none");
  check({"<|fim_suffix_first|>"}, "none");
  check({"<|endoftext|>", "the"}, "none");
  check({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"}, "none", TokenKind::Normal);
  check({"<PRE>", "<SUF>", "<MID>"}, "none", TokenKind::Normal);
}

TEST_CASE("what has a family's markers is asked as that family") {
  CHECK(fim_families().size() == 9);
  CHECK(fim_markers("gpt").empty());
  for (const std::string_view family : fim_families()) {
    CHECK(probe_fim(vocabulary_of(fim_markers(family), TokenKind::Control)).value().family == family);
    const GgufVocabulary made = synthetic_vocabulary(kSmallestSynthetic, family);
    CHECK(made.tokens.size() == kSmallestSynthetic);
    for (const std::string_view marker : fim_markers(family)) CHECK(made.types[std::ranges::find(made.tokens, marker) - made.tokens.begin()] == kControlToken);
  }
}

TEST_CASE("the layouts of real files are found") {
  for (const std::string_view fixture : {"byte_bpe", "byte_bpe.gguf"}) CHECK(probe_fim(*tests::load_fixture(fixture)).value().family == "qwen");
  for (const std::string_view fixture : {"spm", "spm.gguf"}) CHECK(probe_fim(*tests::load_fixture(fixture)).value().family == "codellama");
}

namespace {

std::string spell(const Names& names, const std::vector<PromptPiece>& pieces) {
  std::string text;
  for (const PromptPiece& piece : pieces) text += std::string(piece.marker ? names.bytes(*piece.marker) : "") + piece.text;
  return text;
}

// What stands before the first marker, PRE for the marker, what stands behind it.
void check_files(std::vector<std::string_view> markers, std::string_view expected, std::string_view described) {
  const Names names = vocabulary_of(std::move(markers), TokenKind::Control);
  const RepositoryForm form = probe_fim(names).value().repository;
  const RepositoryFile others[] = {{"a.py", "A"}, {"b.py", "B"}};
  const RepositoryContext context = repository_context(form, "repo", others, "c.py");
  CHECK(spell(names, context.before_markers) + "PRE" + spell(names, context.in_prefix) == expected);
  CHECK(tokenizer::describe(form, names) == described);
}

}  // namespace

TEST_CASE("other files are spelled as each family saw them in training") {
  check_files({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>"},
              "<|repo_name|>repo\n<|file_sep|>a.py\nA\n<|file_sep|>b.py\nB\n<|file_sep|>c.py\nPRE", "<|repo_name|> NAME, <|file_sep|> PATH");
  check_files({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_separator|>"}, "a.py\nA<|file_separator|>b.py\nB<|file_separator|>c.py\nPRE",
              "<|file_separator|> PATH");
  check_files({"<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<repo_name>", "<file_sep>"},
              "<repo_name>repo<file_sep>a.py\nA<file_sep>b.py\nB<file_sep>PREc.py\n", "<repo_name> NAME, <file_sep> PATH");
  check_files({"<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<reponame>", "<filename>"},
              "PRE<reponame>repo<filename>a.py\nA<filename>b.py\nB<filename>c.py\n", "<reponame> NAME, <filename> PATH");
  check_files({"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"}, "PRE#a.py\nA\n#b.py\nB\n#c.py\n", "#PATH");
  check_files({"[PREFIX]", "[SUFFIX]"}, "PRE+++++ a.py\nA\n\n+++++ b.py\nB\n\n+++++ c.py\n", "+++++ PATH");
  check_files({"▁<PRE>", "▁<MID>", "▁<SUF>"}, "PRE", "none");
}

TEST_CASE("a file alone is named too, and a repository without a name is not") {
  const Names names = vocabulary_of({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>"}, TokenKind::Control);
  CHECK(spell(names, repository_context(probe_fim(names).value().repository, "", {}, "c.py").before_markers) == "<|file_sep|>c.py\n");
}

// A tokenizer.json written as GGUF keys gives the same ids when read back, for each way of cutting words that GGUF has a name for.
#include "tokenizer/hf_json_export.h"

#include <fstream>

#include "base/json.h"
#include "support/catch.h"
#include "support/temp_folder.h"
#include "tokenizer/fixtures.h"
#include "tokenizer/synthetic.h"

namespace {

using base::Json;
namespace fs = std::filesystem;

// A folder with the synthetic vocabulary, cut into words by `pre_tokenizer`.
fs::path folder_with(const fs::path& folder, const Json& pre_tokenizer, bool ignore_merges = false) {
  Json root = *base::parse_json(tokenizer::hf_json_of(tokenizer::synthetic_vocabulary(800, "qwen")), "synthetic");
  root["pre_tokenizer"] = pre_tokenizer;
  root["model"]["ignore_merges"] = ignore_merges;
  std::ofstream(folder / "tokenizer.json") << base::dump_json(root);
  return folder;
}

std::unique_ptr<tokenizer::Tokenizer> through_gguf(const tokenizer::GgufVocabulary& vocabulary, const fs::path& file) {
  base::GgufHeader header;
  tokenizer::add_vocabulary(vocabulary, header);
  auto written = base::GgufFile::create(file, header);
  REQUIRE(written);
  REQUIRE(written->finish());
  auto loaded = tokenizer::load_tokenizer(file);
  if (!loaded) FAIL(loaded.error().message);
  return std::move(*loaded);
}

void check_same(const fs::path& folder, std::int64_t size, std::string_view pre) {
  const auto exported = tokenizer::export_hf_vocabulary(folder, size);
  if (!exported) FAIL(exported.error().message);
  CHECK(exported->pre == pre);
  CHECK(exported->tokens.size() == std::size_t(size));
  const auto from_json = tokenizer::load_tokenizer(folder), from_gguf = base::Result<std::unique_ptr<tokenizer::Tokenizer>>(through_gguf(*exported, folder / "x.gguf"));
  REQUIRE(from_json);
  std::mt19937 random(1);
  std::vector<std::string> texts{"def main(self):\n        return 12345 + x // naïve\n", "    if (std::string::npos)\n\n", "<|fim_prefix|> is text"};
  for (int i = 0; i < 30; ++i) texts.push_back(tests::random_text(random, 200));
  for (const std::string& text : texts) {
    INFO(text);
    CHECK(tests::spell((*from_json)->encode(text)) == tests::spell((*from_gguf)->encode(text)));
    CHECK(tests::spell((*from_json)->encode(text, {.parse_special = true})) == tests::spell((*from_gguf)->encode(text, {.parse_special = true})));
  }
  CHECK((*from_json)->bos() == (*from_gguf)->bos());
  CHECK((*from_json)->adds_bos() == (*from_gguf)->adds_bos());
}

const Json kByteLevel = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
const Json kBytesOnly = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};

Json sequence(const Json& first, const Json& second) { return {{"type", "Sequence"}, {"pretokenizers", {first, second}}}; }
Json split(const std::string& regex) { return {{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}}; }

}  // namespace

TEST_CASE("byte-level vocabularies keep their ids through GGUF") {
  const tests::TempFolder folder;
  const std::string qwen = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  const std::string llama3 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  check_same(folder_with(folder.path(), kByteLevel), 800, "gpt-2");
  check_same(folder_with(folder.path(), kByteLevel), 850, "gpt-2");  // the model has more rows than the vocabulary
  check_same(folder_with(folder.path(), sequence({{"type", "Digits"}, {"individual_digits", true}}, kByteLevel)), 800, "starcoder");
  check_same(folder_with(folder.path(), sequence(split(qwen), kBytesOnly)), 800, "qwen2");
  check_same(folder_with(folder.path(), sequence(split(llama3), kBytesOnly), true), 800, "llama3");
  // As the files of DeepSeek-Coder and BLOOM spell them: characters where the table has numbers, a class within a class.
  const Json digits = {{"type", "Digits"}, {"individual_digits", true}};
  const Json deepseek = {{"type", "Sequence"}, {"pretokenizers", {split("[\r\n]"), split("\\s?\\p{L}+"), split("\\s?\\p{P}+"), split("[一-龥ࠀ-一가-퟿]+"), digits, kBytesOnly}}};
  check_same(folder_with(folder.path(), deepseek), 800, "deepseek-coder");
  check_same(folder_with(folder.path(), sequence(split(" ?[^(\\s|[.,!?…。，、।۔،])]+"), kBytesOnly)), 800, "bloom");
}

TEST_CASE("a vocabulary that spells spaces keeps its ids through GGUF") {
  // <unk>, <s>, </s>, the 256 bytes, then pieces in the order of their merges.
  const tests::TempFolder folder;
  Json vocab = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}}, merges = Json::array(), added = Json::array();
  for (int byte = 0; byte < 256; ++byte) vocab[fmt::format("<0x{:02X}>", byte)] = 3 + byte;
  int next = 259;
  for (const char* piece : {"▁", "d", "e", "f", "r", "t", "u", "n", "(", ")", ":", "1", "2"}) vocab[piece] = next++;
  for (const auto& [left, right] : {std::pair{"▁", "▁"}, {"d", "e"}, {"de", "f"}, {"r", "e"}, {"t", "u"}, {"re", "tu"}, {"retu", "r"}, {"retur", "n"}, {"▁", "return"}, {"▁", "def"}, {"▁▁", "▁▁"}, {"(", ")"}})
    vocab[std::string(left) + right] = next++, merges.push_back({left, right});
  for (int id = 0; id < 3; ++id)
    added.push_back({{"id", id}, {"content", std::vector{"<unk>", "<s>", "</s>"}[std::size_t(id)]}, {"special", true}, {"normalized", false}});
  const Json root = {{"added_tokens", added},
                     {"normalizer", {{"type", "Sequence"}, {"normalizers", {{{"type", "Prepend"}, {"prepend", "▁"}}, {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}}}}}},
                     {"pre_tokenizer", nullptr}, {"post_processor", nullptr}, {"decoder", nullptr},
                     {"model", {{"type", "BPE"}, {"unk_token", "<unk>"}, {"fuse_unk", true}, {"byte_fallback", true}, {"vocab", vocab}, {"merges", merges}}}};
  std::ofstream(folder.path() / "tokenizer.json") << base::dump_json(root);
  std::ofstream(folder.path() / "tokenizer_config.json") << R"({"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": true})";
  check_same(folder.path(), next, "");

  // Gemma's: no space is put before the text, and what is split at spaces has none any more.
  Json gemma = root;
  gemma["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}};
  gemma["pre_tokenizer"] = {{"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "MergedWithPrevious"}, {"invert", false}};
  std::ofstream(folder.path() / "tokenizer.json") << base::dump_json(gemma);
  check_same(folder.path(), next, "");
  gemma["normalizer"] = nullptr;
  std::ofstream(folder.path() / "tokenizer.json") << base::dump_json(gemma);
  CHECK_FALSE(tokenizer::export_hf_vocabulary(folder.path(), next));
}

TEST_CASE("what GGUF has no name for is refused by a sentence") {
  const tests::TempFolder folder;
  const auto refused = [&](const Json& pre_tokenizer, std::int64_t size, const char* sentence) {
    const auto exported = tokenizer::export_hf_vocabulary(folder_with(folder.path(), pre_tokenizer), size);
    REQUIRE_FALSE(exported);
    CHECK_THAT(exported.error().message, Catch::Matchers::Contains("tokenizer.json") && Catch::Matchers::Contains(sentence));
  };
  refused(sequence(split("[abc]+"), kByteLevel), 800, "no name for");
  refused({{"type", "ByteLevel"}, {"add_prefix_space", true}, {"use_regex", true}}, 800, "no name for");
  refused(kByteLevel, 700, "has 800 tokens, the model 700");
  CHECK_FALSE(tokenizer::export_hf_vocabulary(folder.path() / "absent", 800));
}
TEST_CASE("a tokenizer.model becomes GGUF's pieces and scores") {
  const tests::TempFolder folder;
  fs::copy_file(tests::fixture("spm") / "tokenizer.model", folder.path() / "tokenizer.model");
  const auto pieces = std::int64_t(tokenizer::load_tokenizer(folder.path()).value()->vocab_size());
  check_same(folder.path(), pieces, "");
  check_same(folder.path(), pieces + 8, "");  // a model's table may be longer
  const auto exported = tokenizer::export_hf_vocabulary(folder.path(), pieces + 8);
  CHECK(exported->types.back() == tokenizer::kUnusedToken);
  CHECK(exported->tokens.back() == "[PAD" + std::to_string(pieces + 7) + "]");
  CHECK_THAT(tokenizer::export_hf_vocabulary(folder.path(), pieces - 1).error().message, Catch::Matchers::Contains("tokenizer.model: has "));

  const auto unigram = tokenizer::export_hf_vocabulary(tests::fixture("unigram"), 256);
  REQUIRE_FALSE(unigram);
  CHECK_THAT(unigram.error().message, Catch::Matchers::Contains("tokenizer.model: its pieces are a Unigram model's"));
}

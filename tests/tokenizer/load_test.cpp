// Where a tokenizer may lie, and the sentence for each way a file can be wrong.
#include "tokenizer/load.h"

#include <fstream>

#include "base/files.h"
#include "support/gguf_writer.h"
#include "tests/tokenizer/fixtures.h"

namespace fs = std::filesystem;
using namespace tokenizer;

namespace {

// A folder of the test's own, gone when the test is.
struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("rigpilot-load-test-{}", std::random_device{}());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }

  fs::path write(std::string_view name, std::string_view bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return path / name;
  }
  fs::path write(std::string_view name, const tests::Bytes& bytes) const {
    return write(name, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
};

void check_error(const fs::path& path, std::vector<std::string_view> fragments) {
  const auto loaded = load_tokenizer(path);
  REQUIRE_FALSE(loaded);
  INFO(loaded.error().message);
  for (const std::string_view fragment : fragments) CHECK(loaded.error().message.find(fragment) != std::string::npos);
  CHECK(loaded.error().message.find(path.filename().string()) != std::string::npos);
}

// A whole byte-level vocabulary of six tokens, to be broken by the caller.
tests::GgufWriter small_gguf(std::string_view model = "gpt2", std::string_view pre = "gpt-2") {
  tests::GgufWriter writer;
  writer.text("general.architecture", "llama");
  writer.text("tokenizer.ggml.model", model);
  writer.text("tokenizer.ggml.pre", pre);
  return writer;
}
const std::vector<std::string> kTokens = {"a", "b", "ab", "Ġ", "<|endoftext|>", "Ġab"};

}  // namespace

TEST_CASE("a tokenizer is found in a folder, as a file, and by its extension") {
  CHECK(load_tokenizer(tests::fixture("byte_bpe")));
  CHECK(load_tokenizer(tests::fixture("byte_bpe") / "tokenizer.json"));
  CHECK(load_tokenizer(tests::fixture("spm")));
  CHECK(load_tokenizer(tests::fixture("spm") / "tokenizer.model"));
  CHECK(load_tokenizer(tests::fixture("spm.gguf")));
}

TEST_CASE("what is not there, or no tokenizer, is said in a sentence") {
  const Folder folder;
  check_error(folder.path, {"neither tokenizer.json nor tokenizer.model"});
  check_error(folder.path / "nothing.gguf", {"no such file"});
  check_error(folder.write("vocab.txt", "a\nb\n"), {"expected a folder"});
  check_error(folder.write("tokenizer.json", "{\"model\": "), {"tokenizer.json"});
  check_error(folder.write("tokenizer.model", "not protobuf at all"), {"SentencePiece"});
  check_error(folder.write("empty.model", ""), {"SentencePiece"});
  check_error(folder.write("broken.gguf", "GGUF"), {});
}

TEST_CASE("a folder's broken config.json is named") {
  const Folder folder;
  fs::copy(tests::fixture("byte_bpe") / "tokenizer.json", folder.path / "tokenizer.json");
  folder.write("config.json", "{");
  const auto loaded = load_tokenizer(folder.path);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message.find((folder.path / "config.json").string()) != std::string::npos);
}

TEST_CASE("every cut of a tokenizer.model is refused or loads, and never more") {
  const Folder folder;
  const std::string whole = base::read_file(tests::fixture("spm") / "tokenizer.model").value();
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    const auto loaded = load_tokenizer(folder.write("tokenizer.model", std::string_view(whole).substr(0, size)));
    if (loaded) CHECK((*loaded)->decode((*loaded)->encode("the dog")).size() < 100);
    else CHECK_FALSE(loaded.error().message.empty());
  }
}

TEST_CASE("a GGUF vocabulary is read, and its special ids with it") {
  const Folder folder;
  auto writer = small_gguf();
  writer.texts("tokenizer.ggml.tokens", kTokens);
  writer.texts("tokenizer.ggml.merges", {"a b", "Ġ ab"});
  writer.u32("tokenizer.ggml.eos_token_id", 4);
  writer.u32("tokenizer.ggml.bos_token_id", 77);  // converters write ids that are no token
  const auto loaded = load_tokenizer(folder.write("good.gguf", writer.finish()));
  if (!loaded) FAIL(loaded.error().message);
  CHECK(tests::spell((*loaded)->encode("ab ab")) == "2 5");
  CHECK(tests::spell((*loaded)->end_ids()) == "4");
  CHECK_FALSE((*loaded)->bos());
  CHECK((*loaded)->bytes(5) == " ab");
}

TEST_CASE("a broken GGUF vocabulary is refused by a sentence that names the key") {
  const Folder folder;
  const auto check = [&](tests::GgufWriter writer, std::vector<std::string_view> fragments) {
    check_error(folder.write("x.gguf", writer.finish()), std::move(fragments));
  };
  check(tests::GgufWriter(), {"tokenizer.ggml.model"});
  check(small_gguf("bert"), {"tokenizer.ggml.model", "bert"});
  check(small_gguf(), {"tokenizer.ggml.tokens"});
  auto none = small_gguf();
  none.texts("tokenizer.ggml.tokens", {});
  check(none, {"tokenizer.ggml.tokens"});
  auto with_tokens = small_gguf();
  with_tokens.texts("tokenizer.ggml.tokens", kTokens);
  check(with_tokens, {"tokenizer.ggml.merges"});
  auto unknown_pre = small_gguf("gpt2", "from-the-future");
  unknown_pre.texts("tokenizer.ggml.tokens", kTokens);
  check(unknown_pre, {"tokenizer.ggml.pre", "from-the-future"});
  auto no_scores = small_gguf("llama");
  no_scores.texts("tokenizer.ggml.tokens", kTokens);
  check(no_scores, {"tokenizer.ggml.scores"});
  for (const auto& [merge, fragment] : std::vector<std::pair<std::string, std::string_view>>{{"ab", "two tokens"}, {"a z", "'z'"}, {"b a", "'ba'"}, {"a ", "two tokens"}}) {
    auto bad_merge = with_tokens;
    bad_merge.texts("tokenizer.ggml.merges", {merge});
    check(bad_merge, {"tokenizer.ggml.merges[0]", fragment});
  }
}

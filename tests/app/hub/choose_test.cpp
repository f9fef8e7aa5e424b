// Which of a repository's files a model needs, from the hub's own answers.
#include "app/hub/choose.h"

#include "app/hub/listing.h"
#include "support/catch.h"

namespace {

using app::Address;
using app::Choice;
using app::Listing;

constexpr std::int64_t kGb = 1'000'000'000;

Listing holding(std::initializer_list<std::pair<const char*, std::int64_t>> files) {
  Listing out;
  for (const auto& [path, size] : files) out.files.push_back({.path = path, .size = size, .sha256 = {}, .git = {}});
  return out;
}

Address asked(const std::string& file = "") { return {.owner = "o", .name = "m", .file = file}; }

std::string chosen(const Listing& listing, const std::string& file = "", std::int64_t memory = 8 * kGb) {
  const auto choice = app::choose_files(asked(file), listing, memory);
  if (!choice) return "! " + choice.error().message;
  std::string out;
  for (const auto& one : choice->files) out += (out.empty() ? "" : " ") + one.path;
  return out;
}

bool refused(const std::string& answer, std::string_view why) {
  INFO(answer);
  return answer.starts_with("! ") && answer.find(why) != std::string::npos;
}

}  // namespace

TEST_CASE("a folder model: configuration, vocabulary and safetensors, no other framework's weights") {
  const Listing listing = holding({{".gitattributes", 1}, {"README.md", 1}, {"config.json", 1}, {"generation_config.json", 1}, {"tokenizer.json", 1},
                                   {"tokenizer_config.json", 1}, {"vocab.json", 1}, {"merges.txt", 1}, {"onnx/config.json", 1}, {"flax_model.msgpack", 1},
                                   {"pytorch_model.bin", 1}, {"model.safetensors", 1}, {"adapter.safetensors", 1}, {"optimizer.pt", 1}});
  CHECK(chosen(listing) == "config.json generation_config.json tokenizer.json tokenizer_config.json vocab.json merges.txt model.safetensors");
  CHECK(refused(chosen(holding({{"model.safetensors", 1}})), "no config.json"));
}

TEST_CASE("a sharded model: the shards that the index names, each once") {
  const Listing listing = holding({{"config.json", 1}, {"model.safetensors.index.json", 1}, {"a.safetensors", 1}, {"b.safetensors", 1}, {"c.safetensors", 1}});
  auto choice = app::choose_files(asked(), listing, 0);
  REQUIRE(choice);
  REQUIRE(choice->index);
  CHECK(choice->index->path == "model.safetensors.index.json");
  REQUIRE(app::add_shards(asked(), listing, R"({"weight_map": {"x": "b.safetensors", "y": "a.safetensors", "z": "b.safetensors"}})", *choice));
  REQUIRE(choice->files.size() == 4);
  CHECK(choice->files[2].path == "a.safetensors");
  CHECK(choice->files[3].path == "b.safetensors");
  for (const char* index : {R"({"weight_map": {"x": "../a.safetensors"}})", R"({"weight_map": {"x": "/etc/passwd"}})", R"({"weight_map": {"x": 1}})",
                            R"({"weight_map": {"x": "sub/a.safetensors"}})", R"({"weight_map": {"x": "missing.safetensors"}})", R"({"weight_map": {}})", "{}", "["}) {
    INFO(index);
    CHECK_FALSE(app::add_shards(asked(), listing, index, *choice));
  }
}

TEST_CASE("one GGUF of several: the usual four-bit one, where it fits") {
  const Listing listing = holding({{"README.md", 1}, {"m-Q2_K.gguf", kGb}, {"m-Q4_K_M.gguf", 2 * kGb}, {"m-Q8_0.gguf", 4 * kGb}, {"mmproj-m.gguf", 1}});
  CHECK(chosen(listing) == "m-Q4_K_M.gguf");
  CHECK(refused(chosen(listing, "", 2 * kGb), "none is the obvious one"));
  CHECK(chosen(listing, "", 0) == "m-Q4_K_M.gguf");  // memory not known
  CHECK(chosen(holding({{"only.gguf", 9 * kGb}}), "", kGb) == "only.gguf");
  CHECK(refused(chosen(holding({{"a-Q4_K_M.gguf", 1}, {"b-Q4_K_M.gguf", 1}})), "none is the obvious one"));
  CHECK(chosen(listing, "Q8_0") == "m-Q8_0.gguf");
  CHECK(chosen(listing, "q2_k") == "m-Q2_K.gguf");
  CHECK(chosen(listing, "m-Q4_K_M.gguf") == "m-Q4_K_M.gguf");
  CHECK(refused(chosen(listing, "Q"), "fits several files"));
  CHECK(refused(chosen(listing, "Q6"), "there is no file 'Q6'"));
  CHECK(refused(chosen(listing, "README.md"), "is no .gguf file"));
  CHECK(refused(chosen(holding({{"m-00001-of-00002.gguf", 1}, {"m-00002-of-00002.gguf", 1}}), "00001"), "several parts"));
}

TEST_CASE("what cannot be loaded is told") {
  CHECK(refused(chosen(holding({{"config.json", 1}, {"pytorch_model.bin", 1}})), "pickled"));
  CHECK(refused(chosen(holding({{"adapter_model.safetensors", 1}})), "only an adapter"));
  CHECK(refused(chosen(holding({{"README.md", 1}})), "holds no weights"));
  CHECK(refused(chosen({}), "holds no weights"));
}

TEST_CASE("listings: sizes and checksums of both answers; paths that lead out end it") {
  const std::string sha(64, 'a'), git(40, 'b');
  const auto revision = app::parse_revision(
      R"({"sha": ")" + git + R"(", "siblings": [{"rfilename": "config.json", "size": 3, "blobId": ")" + git +
          R"("}, {"rfilename": "model.safetensors", "size": 9, "lfs": {"sha256": ")" + sha + R"(", "size": 12}}]})", "o/m");
  REQUIRE(revision);
  CHECK(revision->commit == git);
  CHECK(revision->complete);
  REQUIRE(revision->files.size() == 2);
  CHECK(revision->files[0].identity() == "git:" + git);
  CHECK(revision->files[1].identity() == "sha256:" + sha);
  CHECK(revision->files[1].size == 12);  // of the file, not of its pointer
  const auto tree = app::parse_tree(R"([{"type": "directory", "path": "onnx"}, {"type": "file", "path": "a/b.json"}])", "o/m");
  REQUIRE(tree);
  REQUIRE(tree->files.size() == 1);
  CHECK_FALSE(tree->complete);
  for (const char* path : {"../x", "/x", "a/../x", "a//x", "./x", "", "a\\\\x", "a\\u0000x", "a/"}) {
    INFO(path);
    CHECK_FALSE(app::parse_tree(std::string(R"([{"path": ")") + path + R"("}])", "o/m"));
  }
  CHECK_FALSE(app::parse_tree(R"([{"path": "x", "size": -1}])", "o/m"));
  CHECK_FALSE(app::parse_tree("{}", "o/m"));
  CHECK_FALSE(app::parse_revision("[]", "o/m"));
}

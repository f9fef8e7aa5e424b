// What a folder and its history give to train on: near duplicates, held-out files, secrets, earlier versions.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "app/finetune/dataset.h"
#include "app/finetune/git_history.h"
#include "app/finetune/memory.h"
#include "app/finetune/near_duplicates.h"
#include "app/process/run_program.h"
#include "base/files.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace {

using namespace app;
namespace fs = std::filesystem;

std::string code(const std::string& about, int lines = 20) {
  std::string out;
  for (int i = 0; i < lines; ++i) out += "def " + about + "_" + std::to_string(i) + "(first_" + about + "):\n    return first_" + about + " + " + about + "_table[" + std::to_string(i) + "]\n";
  return out;
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

void git(const fs::path& folder, std::vector<std::string> arguments) {
  std::vector<std::string> all = {"git", "-C", folder.string(), "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  REQUIRE(run_program(all, ""));
}

std::string text_of(const fs::path& path) { return base::read_file(path).value(); }

Dataset made(const fs::path& folder, const fs::path& into, DatasetOptions options = {}) {
  const auto read = read_folder(folder);
  REQUIRE(read);
  auto data = make_dataset(*read, options, into);
  REQUIRE(data);
  return std::move(*data);
}

}  // namespace

TEST_CASE("texts are nearly the same by their names, not by their layout") {
  NearDuplicates seen;
  CHECK(seen.add(code("alpha")));
  CHECK_FALSE(seen.add(code("alpha")));
  CHECK_FALSE(seen.add("# a licence\n\n" + code("alpha")));
  CHECK_FALSE(seen.add(code("alpha", 19)));
  CHECK(seen.add(code("beta")));
  CHECK(seen.add(code("alpha") + code("gamma") + code("delta")));  // a fourth of the names
  CHECK(seen.add("x = 1\n"));
  CHECK(seen.add("x = 2\n"));  // too short to be like another
  CHECK_FALSE(seen.add("x = 2\n"));
  CHECK(seen.like_one(code("beta")));
  CHECK_FALSE(seen.like_one(code("epsilon")));
}

TEST_CASE("earlier versions come from git, newest first, of the folder alone") {
  tests::TempFolder temp;
  const fs::path root = temp.path() / "repo";
  write(root / "a b.py", "one\n"), write(root / "sub" / "b.py", "sub one\n"), write(root / ".env", "KEY=1\n");
  git(root, {"init", "-q"}), git(root, {"add", "-f", "."}), git(root, {"commit", "-qm", "first"});
  write(root / "a b.py", "two\n");
  git(root, {"commit", "-qam", "second"});
  const auto past = past_versions(root);
  REQUIRE(past);
  std::vector<std::string> texts;
  for (const PastVersion& version : *past) texts.push_back(version.path + "=" + version.text);
  CHECK(texts.size() == 3);
  CHECK(texts.front() == "a b.py=two\n");
  CHECK(std::count(texts.begin(), texts.end(), "a b.py=one\n") == 1);
  const auto below = past_versions(root / "sub");
  REQUIRE(below);
  REQUIRE(below->size() == 1);
  CHECK(below->front().path == "b.py");
  CHECK_FALSE(past_versions(temp.path()));  // no repository
}

TEST_CASE("held-out files, what is like them and secrets stay out of what is trained on") {
  tests::TempFolder temp;
  const fs::path root = temp.path() / "project";
  for (int i = 0; i < 20; ++i) write(root / ("m" + std::to_string(i) + ".py"), code("module" + std::string(1, char('a' + i))));
  write(root / "key.py", "token = 'ghp_0123456789abcdefghijABCDEFGHIJ0123456789'\n" + code("secret"));
  write(root / "ignored.py", code("ignored")), write(root / ".gitignore", "ignored.py\n");
  write(root / "old.py", code("removed"));
  git(root, {"init", "-q"}), git(root, {"add", "-A"}), git(root, {"commit", "-qm", "first"});
  fs::remove(root / "old.py");
  for (int i = 0; i < 20; ++i) write(root / "copies" / ("c" + std::to_string(i) + ".py"), "# a copy\n" + code("module" + std::string(1, char('a' + i))));
  const Dataset data = made(root, temp.path() / "into", {.seed = 3});
  CHECK(data.measured_files.size() == 4);
  CHECK(data.validation_files.size() == 2);  // 15 % of 40 in all
  const std::string train = text_of(data.train), validation = text_of(data.validation);
  std::vector<SourceFile> held_out = data.measured_files;
  held_out.insert(held_out.end(), data.validation_files.begin(), data.validation_files.end());
  for (const SourceFile& file : held_out) {
    const std::string name = file.text.substr(file.text.find("def ") + 4, 7);
    CAPTURE(file.path, name);
    const bool to_choose_by = std::ranges::any_of(data.validation_files, [&](const SourceFile& one) { return one.path == file.path; });
    CHECK((validation.find("\"" + file.path + "\"") != std::string::npos) == to_choose_by);
    CHECK(train.find("\"" + file.path + "\"") == std::string::npos);
    CHECK(train.find("first_" + name + ")") == std::string::npos);  // neither the file, its copy, nor its history
  }
  CHECK(train.find("ghp_") == std::string::npos);
  CHECK(train.find("first_ignored") == std::string::npos);
  CHECK(train.find("first_removed") != std::string::npos);
  CHECK(data.versions == 1);
  CHECK(data.near_duplicates >= 16);
  const Dataset again = made(root, temp.path() / "again", {.seed = 3}), other = made(root, temp.path() / "other", {.seed = 4});
  CHECK(text_of(again.train) == train);
  CHECK(text_of(other.validation) != validation);
  CHECK(made(root, temp.path() / "plain", {.seed = 3, .history = false}).versions == 0);
}

TEST_CASE("replayed data is the share that was asked for") {
  tests::TempFolder temp;
  for (int i = 0; i < 8; ++i) write(temp.path() / "project" / ("m" + std::to_string(i) + ".py"), code("module" + std::string(1, char('a' + i)), 60));
  for (int i = 0; i < 200; ++i) write(temp.path() / "base" / ("b" + std::to_string(i) + ".txt"), "base data " + std::to_string(i) + "\n" + std::string(100, 'b'));
  const Dataset data = made(temp.path() / "project", temp.path() / "into", {.replay = {(temp.path() / "base").string()}, .replay_share = 0.2});
  CHECK(data.replayed > 10);
  std::uint64_t replayed = 0;
  std::istringstream lines(text_of(data.train));
  for (std::string line; std::getline(lines, line);)
    if (line.find("base data") != std::string::npos) replayed += 112;
  CHECK(double(replayed) / double(data.bytes) == Approx(0.2).margin(0.02));
  const auto folder = read_folder(temp.path() / "project");
  const auto missing = make_dataset(*folder, {.replay = {"/nowhere"}}, temp.path() / "x");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("--replay: /nowhere") == 0);
}

TEST_CASE("a folder of one file cannot be trained on and measured by") {
  tests::TempFolder temp;
  write(temp.path() / "project" / "only.py", code("only"));
  const auto folder = read_folder(temp.path() / "project");
  REQUIRE(folder);
  const auto data = make_dataset(*folder, {}, temp.path() / "into");
  REQUIRE_FALSE(data);
  CHECK(data.error().message.find("holds 1 file of code: expected at least two") != std::string::npos);
}

TEST_CASE("memory is summed and what is too much is said with what would help") {
  engine::ModelConfig smol;  // SmolLM2-135M
  smol.layers = 30, smol.width = 576, smol.mlp_width = 1536, smol.heads = 9, smol.kv_heads = 3, smol.head_width = 64, smol.rotary_width = 64;
  smol.vocab_size = 49152, smol.context_length = 2048, smol.tied_embeddings = true;
  CHECK(all_parameters(smol) == Approx(134.5e6).epsilon(0.01));
  CHECK(lora_parameters(smol, 8) == Approx(2.44e6).epsilon(0.01));  // peft's count for all linear modules
  const MemoryPlan plan{.weight_bytes = 4 * all_parameters(smol), .trained = all_parameters(smol), .micro_tokens = 2048};
  const MemoryNeeded needed = memory_needed(smol, plan);
  MemoryPlan less = plan;
  less.recompute = true;
  CHECK(memory_needed(smol, less).activations < needed.activations / 3);
  CHECK(enough_memory(needed, needed.total() + 1, plan));
  const auto refused = enough_memory(needed, 1'000'000'000, plan);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("only 1.0 GB are free: a smaller --micro-tokens, --recompute, --lora 16 needs less") != std::string::npos);
}

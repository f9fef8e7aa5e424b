#include "engine/train/data/sequence_stream.h"

#include <fstream>
#include <map>
#include <set>

#include "support/catch.h"
#include "support/temp_folder.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/train/hf_json_trained.h"

using namespace engine;
using tokenizer::TokenId;

namespace {

const std::vector<std::string> kMarkers = {"<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|repo_name|>", "<|file_sep|>"};
enum Marker : TokenId { kEnd, kPrefix, kMiddle, kSuffix, kRepository, kFile };

std::unique_ptr<tokenizer::Tokenizer> byte_vocabulary(const std::vector<std::string>& special) {
  const auto trained = tokenizer::train_bpe({}, {.vocab_size = 256 + special.size(), .special = special}, {}, {});
  return std::move(*tokenizer::read_hf_json({.tokenizer = tokenizer::hf_json_of(*trained, *tokenizer::find_cuts("code"))}));
}

// Documents whose every line names its document, so that a mixture would be seen.
std::filesystem::path write_shard(const tests::TempFolder& folder, int documents) {
  const auto path = folder.path() / "000.jsonl";
  std::ofstream file(path);
  for (int i = 0; i < documents; ++i) {
    file << "{\"repo\": \"some/one\", \"path\": \"src/f" << i << ".cc\", \"text\": \"";
    for (int line = 0; line < 5 + i % 40; ++line) file << "doc" << i << " line" << line << "\\n";
    file << "\"}\n";
  }
  return path;
}

CorpusSource opened(const std::filesystem::path& path) {
  auto corpus = CorpusSource::open(std::vector{path});
  REQUIRE(corpus);
  return std::move(*corpus);
}

std::string text_of(const tokenizer::Tokenizer& tokenizer, const std::vector<TokenId>& ids) { return tokenizer.decode(ids, false); }

base::Result<std::vector<TokenId>> ids_of(base::Result<Example> sequence) {
  if (!sequence) return base::forward(sequence);
  return std::move(sequence->ids);
}

}  // namespace

TEST_CASE("every sequence is of one document, no longer than the context") {
  tests::TempFolder folder;
  const auto corpus = opened(write_shard(folder, 50));
  const auto tokenizer = byte_vocabulary(kMarkers);
  auto stream = SequenceStream::make(corpus, *tokenizer, {.context = 160, .header = 0});
  REQUIRE(stream);
  int holes = 0, suffix_first = 0;
  for (int i = 0; i < 600; ++i) {
    const auto ids = ids_of(stream->next());
    REQUIRE(ids);
    CHECK(ids->size() <= 160);
    std::set<std::string> documents;
    const std::string text = text_of(*tokenizer, *ids);
    for (std::size_t at = text.find("doc"); at != std::string::npos; at = text.find("doc", at + 1)) {
      const std::size_t end = text.find_first_not_of("0123456789", at + 3);
      if (end != std::string::npos && text[end] == ' ' && end > at + 3) documents.insert(text.substr(at, end - at));
    }
    CHECK(documents.size() <= 2);  // a hole may cut a number short
    if (std::ranges::count(*ids, kMiddle) > 0) {
      ++holes;
      CHECK(ids->back() == kEnd);
      CHECK(std::ranges::count(*ids, kPrefix) == 1);
      CHECK(std::ranges::count(*ids, kSuffix) == 1);
      suffix_first += (*ids)[0] == kPrefix && (*ids)[1] == kSuffix;
    }
  }
  CHECK(holes > 380);
  CHECK(holes < 520);
  CHECK(suffix_first > holes / 4);
  CHECK(suffix_first < holes * 3 / 4);
}

TEST_CASE("a vocabulary that is asked with the suffix first sees every hole so") {
  tests::TempFolder folder;
  const auto corpus = opened(write_shard(folder, 20));
  auto markers = kMarkers;
  markers.push_back("<|fim_suffix_first|>");
  const auto tokenizer = byte_vocabulary(markers);
  auto stream = SequenceStream::make(corpus, *tokenizer, {.context = 200, .suffix_first = 0, .header = 0});
  REQUIRE(stream);
  int holes = 0;
  for (int i = 0; i < 200; ++i) {
    const auto sequence = stream->next();
    REQUIRE(sequence);
    const auto& ids = sequence->ids;
    if (std::ranges::count(ids, kMiddle) == 0) continue;
    ++holes;
    CHECK(ids[0] == kPrefix);
    CHECK(ids[1] == kSuffix);
    CHECK(std::ranges::find(ids, kMiddle) < ids.begin() + std::ptrdiff_t(sequence->middle));
  }
  CHECK(holes > 100);
}

TEST_CASE("a sequence says where among its ids the hole's begin") {
  tests::TempFolder folder;
  const auto corpus = opened(write_shard(folder, 20));
  const auto tokenizer = byte_vocabulary(kMarkers);
  auto stream = SequenceStream::make(corpus, *tokenizer, {.context = 200, .suffix_first = 0, .packed = 0.5});
  REQUIRE(stream);
  int holes = 0, whole = 0;
  for (int i = 0; i < 300; ++i) {
    const auto sequence = stream->next();
    REQUIRE(sequence);
    const auto& ids = sequence->ids;
    const auto marker = std::ranges::find(ids, kMiddle);
    CHECK(sequence->middle == (marker == ids.end() ? ids.size() : std::size_t(marker - ids.begin()) + 1));
    ++(marker == ids.end() ? whole : holes);
  }
  CHECK(holes > 100);
  CHECK(whole > 30);
}

TEST_CASE("an epoch shows every byte once") {
  tests::TempFolder folder;
  const auto corpus = opened(write_shard(folder, 30));
  const auto tokenizer = byte_vocabulary({"<|endoftext|>"});
  auto stream = SequenceStream::make(corpus, *tokenizer, {.context = 4000});
  std::map<std::string, int> lines;
  while (true) {
    const auto ids = ids_of(stream->next());
    REQUIRE(ids);
    if (stream->position().epoch > 0) break;
    std::istringstream text(text_of(*tokenizer, *ids));
    for (std::string line; std::getline(text, line);) ++lines[line];
  }
  for (int i = 0; i < 30; ++i)
    for (int line = 0; line < 5 + i % 40; ++line) CHECK(lines[fmt::format("doc{} line{}", i, line)] == 1);
}

TEST_CASE("a stream that was stopped goes on as if it had not been, across epochs") {
  tests::TempFolder folder;
  const auto corpus = opened(write_shard(folder, 8));
  const auto tokenizer = byte_vocabulary(kMarkers);
  const SequenceOptions options{.context = 100, .seed = 7};
  auto whole = SequenceStream::make(corpus, *tokenizer, options);
  std::vector<std::vector<TokenId>> expected;
  std::vector<SequenceStream::Position> positions;
  for (int i = 0; i < 200; ++i) positions.push_back(whole->position()), expected.push_back(*ids_of(whole->next()));
  CHECK(whole->position().epoch > 0);
  for (const int from : {0, 1, 50, 173}) {
    auto again = SequenceStream::make(corpus, *tokenizer, options);
    again->seek(positions[std::size_t(from)]);
    for (int i = from; i < 200; ++i) CHECK(*ids_of(again->next()) == expected[std::size_t(i)]);
  }
  auto other = SequenceStream::make(corpus, *tokenizer, {.context = 100, .seed = 8});
  CHECK(*ids_of(other->next()) != expected[0]);
}

TEST_CASE("files are named in the vocabulary's repository form, or in a comment") {
  tests::TempFolder folder;
  const auto corpus = opened(write_shard(folder, 20));
  const auto tokenizer = byte_vocabulary(kMarkers);
  auto stream = SequenceStream::make(corpus, *tokenizer, {.context = 200, .header = 1});
  int forms = 0, comments = 0, repositories = 0;
  for (int i = 0; i < 100; ++i) {
    const auto ids = *ids_of(stream->next());
    const std::string text = text_of(*tokenizer, ids);
    forms += std::ranges::count(ids, kFile) == 1 && text.find("src/f") != std::string::npos;
    repositories += std::ranges::count(ids, kRepository) == 1 && text.find("some/one\n") != std::string::npos;
    comments += text.find("// f") != std::string::npos;
  }
  CHECK(forms > 50);
  CHECK(comments > 10);
  CHECK(repositories > 3);
}

TEST_CASE("text that looks like a marker stays text") {
  tests::TempFolder folder;
  const auto path = folder.path() / "a.txt";
  std::ofstream(path) << "x <|endoftext|> <|fim_middle|> y\nand a line more\n";
  const auto corpus = opened(path);
  const auto tokenizer = byte_vocabulary(kMarkers);
  auto stream = SequenceStream::make(corpus, *tokenizer, {.context = 200, .fim = 0, .header = 0});
  const auto ids = *ids_of(stream->next());
  CHECK(std::ranges::count(ids, kMiddle) == 0);
  CHECK(std::ranges::count(ids, kEnd) == 1);
  CHECK(ids.back() == kEnd);
}

TEST_CASE("a corpus says which line is no document") {
  tests::TempFolder folder;
  const auto check = [&](std::string_view content, std::string_view expected) {
    const auto path = folder.path() / "bad.jsonl";
    std::ofstream(path) << content;
    const auto corpus = CorpusSource::open(std::vector{path});
    const std::string message = corpus ? corpus->document(corpus->size() - 1).error().message : corpus.error().message;
    CAPTURE(message);
    CHECK(message.find(expected) != std::string::npos);
    CHECK(message.find("bad.jsonl") != std::string::npos);
  };
  check("{\"text\": \"fine\"}\n{\"text\": 3}\n", "the line at byte 17: field 'text' is an integer: expected a string");
  check("{\"text\": \"fine\"}\n{\"path\": \"x\"}\n", "field 'text' is missing");
  check("{\"text\"\n", "the line at byte 0");
  check("\n\n", "holds no text to train on");
  CHECK(CorpusSource::open(std::vector<std::filesystem::path>{folder.path() / "none"}).error().code == base::ErrorCode::NotFound);
}

TEST_CASE("a folder is its shards, or its text files; what is held out is asked for by name") {
  tests::TempFolder folder;
  std::ofstream(folder.path() / "b.py") << "print(1)\n";
  std::ofstream(folder.path() / "a.cc") << "int x;\n";
  std::ofstream(folder.path() / "picture.png") << std::string("\x89PNG\0\0", 6);
  auto texts = opened(folder.path());
  REQUIRE(texts.size() == 2);
  CHECK(texts.document(0)->path == "a.cc");
  CHECK(texts.document(1)->text == "print(1)\n");
  std::ofstream(folder.path() / "000.jsonl") << "{\"text\": \"a\"}\n";
  std::ofstream(folder.path() / "held-out.jsonl") << "{\"text\": \"b\"}\n";
  CHECK(opened(folder.path()).size() == 1);
  CHECK(opened(folder.path() / "held-out.jsonl").document(0)->text == "b");
}

TEST_CASE("packed pieces show a part of another file first, in the repository's form; the hole stays in one file") {
  tests::TempFolder folder;
  const auto corpus = opened(write_shard(folder, 50));
  const auto tokenizer = byte_vocabulary(kMarkers);
  auto stream = SequenceStream::make(corpus, *tokenizer, {.context = 300, .fim = 1, .no_suffix = 0, .header = 0, .packed = 1});
  REQUIRE(stream);
  int packed = 0;
  for (int i = 0; i < 300; ++i) {
    const auto ids = ids_of(stream->next());
    REQUIRE(ids);
    CHECK(ids->size() <= 300);
    const auto files = std::ranges::count(*ids, kFile);
    if (files == 0) continue;  // its neighbour was itself
    ++packed;
    CHECK(files == 2);
    CHECK((*ids)[0] == kRepository);
    const auto second = std::find(std::find(ids->begin(), ids->end(), kFile) + 1, ids->end(), kFile), hole = std::find(ids->begin(), ids->end(), kPrefix);
    CHECK(second < hole);
    const std::string path = text_of(*tokenizer, {second + 1, ids->end()});
    const std::size_t at = path.find("src/f");
    REQUIRE(at != std::string::npos);
    const std::string own = "doc" + path.substr(at + 5, path.find('.', at) - at - 5) + " ";
    const std::string other = text_of(*tokenizer, {ids->begin(), second});
    CHECK(other.find(own) == std::string::npos);
    CHECK(path.find(own) != std::string::npos);
  }
  CHECK(packed > 200);
}

TEST_CASE("import dropout takes the lines that import, and those alone") {
  tests::TempFolder folder;
  const auto path = folder.path() / "a.jsonl";
  std::ofstream(path) << R"({"path": "a.py", "text": "import os\nfrom a import b\nfrom here on\n#include <x>\nuse std::io;\nimportant = 1\nuser = 2\n"})" << "\n";
  const auto corpus = opened(path);
  const auto tokenizer = byte_vocabulary({"<|endoftext|>"});
  auto stream = SequenceStream::make(corpus, *tokenizer, {.context = 4000, .fim = 0, .header = 0, .import_dropout = 1});
  REQUIRE(stream);
  const auto ids = ids_of(stream->next());
  REQUIRE(ids);
  CHECK(text_of(*tokenizer, *ids) == "from here on\nimportant = 1\nuser = 2\n");
}

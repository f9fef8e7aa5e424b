// What the writers of GGUF and safetensors write is what the readers read; half a file never appears.
#include <cstring>
#include <fstream>

#include "base/formats/gguf_writer.h"
#include "base/formats/safetensors.h"
#include "base/formats/safetensors_writer.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace {

using base::GgmlType;
using base::GgufHeader;
namespace fs = std::filesystem;

std::vector<std::byte> bytes_of(std::size_t count, int first) {
  std::vector<std::byte> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = std::byte(first + int(i));
  return out;
}

GgufHeader every_kind() {
  GgufHeader header;
  header.text("general.architecture", "llama");
  header.u32("small", 7);
  header.u64("large", std::uint64_t{1} << 40);
  header.i64("below", -5);
  header.f32("part", 0.25F);
  header.boolean("yes", true);
  header.texts("words", {"a", "", "naïve"});
  header.integers("whole", {1, -2});
  header.floats("parts", {0.5F, -1.0F});
  header.tensor("first", GgmlType::F32, {2, 3});
  header.tensor("second", GgmlType::Q8_0, {2, 32});
  return header;
}

int files_in(const fs::path& folder) { return int(std::distance(fs::directory_iterator(folder), fs::directory_iterator())); }

}  // namespace

TEST_CASE("a written GGUF file reads back") {
  const tests::TempFolder folder;
  const fs::path path = folder.path() / "below" / "x.gguf";
  auto file = base::GgufFile::create(path, every_kind());
  REQUIRE(file);
  const auto first = bytes_of(24, 1), second = bytes_of(68, 100);
  REQUIRE(file->write(first));
  REQUIRE(file->write(std::span(second).first(30)));
  REQUIRE(file->write(std::span(second).subspan(30)));
  CHECK_FALSE(fs::exists(path));
  REQUIRE(file->finish());
  CHECK(files_in(path.parent_path()) == 1);

  const auto read = base::Gguf::open(path);
  REQUIRE(read);
  CHECK(read->string("general.architecture").value() == "llama");
  CHECK(read->integer("small").value() == 7);
  CHECK(read->integer("large").value() == std::int64_t{1} << 40);
  CHECK(read->integer("below").value() == -5);
  CHECK(read->number("part").value() == 0.25);
  CHECK(read->boolean("yes").value());
  CHECK((*read->array("words"))->strings == std::vector<std::string>{"a", "", "naïve"});
  CHECK((*read->array("whole"))->integers == std::vector<std::int64_t>{1, -2});
  CHECK((*read->array("parts"))->floats == std::vector<double>{0.5, -1.0});
  REQUIRE(read->tensors().size() == 2);
  CHECK(read->tensors()[0].shape == std::vector<std::uint64_t>{2, 3});
  CHECK(std::ranges::equal(read->tensors()[0].bytes, first));
  CHECK(std::ranges::equal(read->tensors()[1].bytes, second));

  GgufHeader copy;  // keys keep their types: a second file of the same keys is the same table
  for (const char* key : {"general.architecture", "small", "large", "below", "part", "yes", "words", "whole", "parts"}) copy.stored(key, read->stored(key));
  copy.tensor("first", GgmlType::F32, {2, 3});
  copy.tensor("second", GgmlType::Q8_0, {2, 32});
  CHECK(copy.bytes() == every_kind().bytes());
  CHECK(read->stored("absent").empty());
}

TEST_CASE("a GGUF file that is not whole does not appear") {
  const tests::TempFolder folder;
  const fs::path path = folder.path() / "x.gguf";
  std::ofstream(path) << "old";
  {
    auto file = base::GgufFile::create(path, every_kind());
    REQUIRE(file);
    REQUIRE(file->write(bytes_of(20, 0)));
    const auto finished = file->finish();
    REQUIRE_FALSE(finished);
    CHECK_THAT(finished.error().message, Catch::Matchers::Contains("tensor 'first' is not whole: 20 of 24 bytes"));
    const auto over = file->write(bytes_of(5, 0));
    REQUIRE_FALSE(over);
    CHECK_THAT(over.error().message, Catch::Matchers::Contains("tensor 'first' has 24 bytes, 25 were written"));
  }
  CHECK(files_in(folder.path()) == 1);
  CHECK(fs::file_size(path) == 3);
  CHECK_FALSE(base::GgufFile::create(folder.path(), every_kind()));  // a folder
  GgufHeader huge;
  huge.tensor("huge", GgmlType::F32, {std::uint64_t{1} << 50});
  const auto no_room = base::GgufFile::create(path, huge);
  REQUIRE_FALSE(no_room);
  CHECK_THAT(no_room.error().message, Catch::Matchers::Contains("MB are free"));
}

TEST_CASE("a written safetensors file reads back") {
  const tests::TempFolder folder;
  const fs::path path = folder.path() / "x.safetensors";
  auto file = base::SafetensorsFile::create(path, {{"a", "BF16", {2, 3}}, {"b\"", "F32", {1}}});
  REQUIRE(file);
  const auto all = bytes_of(16, 0);
  REQUIRE(file->write(std::span(all).first(7)));
  CHECK_FALSE(file->finish());
  CHECK_FALSE(file->write(all));
  REQUIRE(file->write(std::span(all).subspan(7)));
  REQUIRE(file->finish());
  const auto read = base::Safetensors::open(path);
  REQUIRE(read);
  REQUIRE(read->tensors().size() == 2);
  CHECK(read->tensors()[0].dtype == "BF16");
  CHECK(std::ranges::equal(read->tensors()[0].bytes, std::span(all).first(12)));
  CHECK(read->tensors()[1].name == "b\"");
  CHECK(reinterpret_cast<std::uintptr_t>(read->tensors()[0].bytes.data()) % 64 == 0);
  CHECK_FALSE(base::SafetensorsFile::create(path, {{"a", "Q8_0", {2}}}));
}

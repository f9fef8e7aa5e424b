#include "base/mapped_file.h"

#include <cstring>

#include "base/files.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace {
std::string text_of(const base::MappedFile& file) { return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}; }
}  // namespace

TEST_CASE("mapped file: its bytes, also after they were forgotten") {
  const tests::TempFolder folder;
  const std::string text(20000, 'q');
  REQUIRE(base::write_file_atomic(folder.path() / "file", text).has_value());
  const auto file = base::MappedFile::open(folder.path() / "file");
  REQUIRE(file.has_value());
  CHECK(text_of(**file) == text);
  (*file)->forget((*file)->bytes());
  (*file)->forget((*file)->bytes().subspan(5000, 10));
  (*file)->forget({});
  CHECK(text_of(**file) == text);
}

TEST_CASE("mapped file: an empty file has no bytes") {
  const tests::TempFolder folder;
  REQUIRE(base::write_file_atomic(folder.path() / "file", "").has_value());
  const auto file = base::MappedFile::open(folder.path() / "file");
  REQUIRE(file.has_value());
  CHECK((*file)->bytes().empty());
}

TEST_CASE("mapped file: bytes in memory look like a file and are kept") {
  std::vector<std::byte> bytes(10000, std::byte{7});
  const auto file = base::MappedFile::of_bytes("name", bytes);
  bytes.clear();
  file->forget(file->bytes());
  CHECK(text_of(*file) == std::string(10000, '\7'));
  CHECK(file->path() == "name");
}

TEST_CASE("mapped file: what cannot be mapped is told") {
  CHECK(base::MappedFile::open("/nonexistent").error().code == base::ErrorCode::NotFound);
  CHECK(base::MappedFile::open("/").error().message == "/: not a regular file");
  CHECK(base::MappedFile::open("/dev/zero").error().message == "/dev/zero: not a regular file");
}

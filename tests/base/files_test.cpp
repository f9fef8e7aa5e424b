#include "base/files.h"

#include <cstdlib>
#include <fstream>
#include <thread>

#include "support/catch.h"
#include "support/temp_folder.h"

namespace fs = std::filesystem;

TEST_CASE("files: what is written is read, and takes the place of what was there") {
  const tests::TempFolder folder;
  const fs::path path = folder.path() / "new" / "folder" / "file";
  for (const std::string& text : {std::string("first"), std::string(), std::string("with\0zero\r\n", 11), std::string(1 << 20, 'x')}) {
    REQUIRE(base::write_file_atomic(path, text).has_value());
    CHECK(base::read_file(path) == text);
  }
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(path.parent_path())) count += entry.is_regular_file();
  CHECK(count == 1);  // no temporary file is left
}

TEST_CASE("files: what cannot be read or written is told by its name") {
  const tests::TempFolder folder;
  CHECK(base::read_file(folder.path() / "absent").error().code == base::ErrorCode::NotFound);
  CHECK(base::read_file(folder.path() / "absent").error().message.find("absent: No such file") != std::string::npos);
  CHECK(base::read_file(folder.path()).error().message.find("is a folder, expected a file") != std::string::npos);
  CHECK(base::read_file("/proc/self/mem").error().message == "/proc/self/mem: cannot be read: Input/output error");  // opens, then fails
  REQUIRE(base::write_file_atomic(folder.path() / "file", "x").has_value());
  CHECK_FALSE(base::write_file_atomic(folder.path() / "file" / "below", "x").has_value());
  REQUIRE(fs::create_directory(folder.path() / "taken"));
  CHECK_FALSE(base::write_file_atomic(folder.path() / "taken", "x").has_value());
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("files: a reader sees the old text or the new one, never a part") {
  const tests::TempFolder folder;
  const fs::path path = folder.path() / "file";
  const std::string old_text(200000, 'a'), new_text(100000, 'b');
  REQUIRE(base::write_file_atomic(path, old_text).has_value());
  std::jthread writer([&] {
    for (int i = 0; i < 20; ++i) (void)base::write_file_atomic(path, i % 2 ? old_text : new_text);
  });
  for (int i = 0; i < 50; ++i) {
    const auto text = base::read_file(path);
    REQUIRE(text.has_value());
    REQUIRE((*text == old_text || *text == new_text));
  }
}

TEST_CASE("files: folders follow the XDG variables") {
  struct Saved {
    explicit Saved(const char* name) : name_(name), had_(std::getenv(name) != nullptr), value_(had_ ? std::getenv(name) : "") {}
    ~Saved() { had_ ? ::setenv(name_, value_.c_str(), 1) : ::unsetenv(name_); }
    const char* name_;
    bool had_;
    std::string value_;
  };
  const Saved data("XDG_DATA_HOME"), cache("XDG_CACHE_HOME"), home("HOME");
  ::setenv("HOME", "/home/user", 1);
  ::setenv("XDG_DATA_HOME", "/data", 1);
  ::setenv("XDG_CACHE_HOME", "not/absolute", 1);
  CHECK(base::data_folder() == "/data/rigpilot");
  CHECK(base::cache_folder() == "/home/user/.cache/rigpilot");  // a relative path is to be ignored, says the specification
  ::unsetenv("XDG_DATA_HOME");
  CHECK(base::data_folder() == "/home/user/.local/share/rigpilot");
  CHECK(fs::exists(base::executable_folder()));
}

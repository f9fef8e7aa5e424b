#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "base/files.h"
#include "support/catch.h"
#include "support/temp_folder.h"

using base::LogLevel;

namespace {

// What `body` writes to a file descriptor.
template <class Body>
std::string captured(int descriptor, Body body) {
  const tests::TempFolder folder;
  const auto path = folder.path() / "out";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600), before = ::dup(descriptor);
  ::dup2(file, descriptor);
  body();
  ::dup2(before, descriptor);
  ::close(file);
  ::close(before);
  return base::read_file(path).value();
}

}  // namespace

TEST_CASE("log: only what is important enough is shown, and its sink sees the same lines") {
  struct Case {
    LogLevel most;
    std::vector<std::string> shown;
  };
  for (const Case& c : {Case{LogLevel::Error, {"e 1"}}, {LogLevel::Warning, {"e 1", "w 2"}}, {LogLevel::Info, {"e 1", "w 2", "i 3"}},
                        {LogLevel::Debug, {"e 1", "w 2", "i 3", "d 4"}}}) {
    std::vector<std::string> seen;
    const std::string err = captured(2, [&] {
      base::Logger log(c.most);
      log.set_sink([&](LogLevel, std::string_view text) { seen.emplace_back(text); });
      log.error("e {}", 1);
      log.warning("w {}", 2);
      log.info("i {}", 3);
      log.debug("d {}", 4);
    });
    CHECK(seen == c.shown);
    CHECK(std::size_t(std::count(err.begin(), err.end(), '\n')) == c.shown.size());
    for (const std::string& line : c.shown) CHECK(err.find(line) != std::string::npos);
  }
}

TEST_CASE("log: nothing goes to standard output, and braces of a text are not formatted") {
  std::string err;
  const std::string out = captured(1, [&] {
    err = captured(2, [] { base::Logger().write(LogLevel::Error, "{} {0} %s"); });
  });
  CHECK(out.empty());
  CHECK(err.find("{} {0} %s") != std::string::npos);
}

TEST_CASE("log: levels by name") {
  CHECK(base::parse_log_level("error") == LogLevel::Error);
  CHECK(base::parse_log_level("debug") == LogLevel::Debug);
  CHECK(base::parse_log_level("loud") == std::nullopt);
}

// log.h: what the program tells its operator, on stderr, never on stdout (stdout belongs to results and to the protocol).
// Make one Logger in main() and pass it on by reference; a text of a user's file is never logged above Debug.
// Safe from any thread.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace base {

enum class LogLevel { Error = 1, Warning = 2, Info = 3, Debug = 4 };

std::optional<LogLevel> parse_log_level(std::string_view name);  // error, warning, info, debug

class Logger {
 public:
  explicit Logger(LogLevel most = LogLevel::Warning);
  ~Logger();
  Logger(Logger&&) noexcept;
  Logger& operator=(Logger&&) noexcept;

  // Also hands each shown line to `sink` (the language server's window/logMessage); called on the logging thread.
  using Sink = std::function<void(LogLevel, std::string_view)>;
  void set_sink(Sink sink);

  void write(LogLevel level, std::string_view text) const;

  template <class... Args> void error(fmt::format_string<Args...> f, Args&&... a) const { log(LogLevel::Error, f, std::forward<Args>(a)...); }
  template <class... Args> void warning(fmt::format_string<Args...> f, Args&&... a) const { log(LogLevel::Warning, f, std::forward<Args>(a)...); }
  template <class... Args> void info(fmt::format_string<Args...> f, Args&&... a) const { log(LogLevel::Info, f, std::forward<Args>(a)...); }
  template <class... Args> void debug(fmt::format_string<Args...> f, Args&&... a) const { log(LogLevel::Debug, f, std::forward<Args>(a)...); }

 private:
  template <class... Args> void log(LogLevel level, fmt::format_string<Args...> f, Args&&... a) const {
    if (level <= most_) write(level, fmt::format(f, std::forward<Args>(a)...));
  }
  LogLevel most_;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace base

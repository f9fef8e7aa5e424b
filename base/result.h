// result.h: Result<T>, the way every expected failure travels (no file, bad input, cancelled); bugs and foreign throws do not.
// Return base::fail(...) where it goes wrong; each layer above may add what it was doing: error.with("reading the model").
// A message is one sentence for the user that names the file, the field or the setting and says what was expected.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace base {

enum class ErrorCode {
  Failed,        // anything without a kind of its own
  InvalidInput,  // the user's file, flag or message is wrong
  NotFound,      // a file, model or tensor that should be there is not
  Unsupported,   // valid, but not something this build can do
  Cancelled,     // a stop token asked for it; not an error to report
  OutOfMemory,   // the device or the host has no room
};

struct Error {
  ErrorCode code = ErrorCode::Failed;
  std::string message;

  // "reading model.gguf: " + message; the code stays.
  [[nodiscard]] Error with(std::string_view doing) const { return {code, fmt::format("{}: {}", doing, message)}; }
};

template <class T>
using Result = std::expected<T, Error>;

template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  return std::unexpected(Error{code, fmt::format(text, std::forward<Args>(args)...)});
}

[[nodiscard]] inline std::unexpected<Error> cancelled() { return std::unexpected(Error{ErrorCode::Cancelled, "cancelled"}); }

// Passes a failed Result's error on as another Result's: if (!x) return forward(x);
template <class T>
[[nodiscard]] std::unexpected<Error> forward(const Result<T>& failed) { return std::unexpected(failed.error()); }
template <class T>
[[nodiscard]] std::unexpected<Error> forward(const Result<T>& failed, std::string_view doing) {
  return std::unexpected(failed.error().with(doing));
}

}  // namespace base

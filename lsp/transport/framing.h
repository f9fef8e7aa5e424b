// framing.h: the base protocol of LSP: a header with Content-Length, an empty line, that many bytes of JSON.
// feed() bytes as they come, then next() until it has nothing more: each answer is one body, or one sentence on what is
// wrong. After a wrong header it goes on at the next "Content-Length:", so a client's slip costs one message, not the session.
// Pure: no reading, no waiting; memory is bounded by the limits.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lsp {

struct FrameLimits {
  std::size_t header_bytes = 8 * 1024;
  std::size_t body_bytes = 256 * 1024 * 1024;
};

class FrameReader {
 public:
  explicit FrameReader(FrameLimits limits = {}) : limits_(limits) {}

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  std::optional<base::Result<std::string>> next();  // nullopt: wants more bytes

  // Between two messages: the place where a stream may end.
  bool at_boundary() const { return !lost_ && !body_length_ && skip_ == 0 && at_ == buffer_.size(); }

 private:
  std::optional<base::Result<std::string>> read_header();
  bool find_next_header();  // false: not in what has arrived
  void drop_to(std::size_t place);

  FrameLimits limits_;
  std::string buffer_;
  std::size_t at_ = 0;                      // what is before it has been used
  std::optional<std::size_t> body_length_;  // a header was read, its body has not come
  std::size_t skip_ = 0;                    // bytes of a refused body still to come
  bool lost_ = false;                       // looking for the next header
};

// The body with its header.
std::string frame(std::string_view body);

}  // namespace lsp

// cursor.h: test texts with a cursor: at_cursor("f(a|)") is the text "f(a)" and the byte 3.
// The mark is the first '|'; a text that needs one of its own takes another mark. No mark is a broken test and throws.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tests {

struct AtCursor {
  std::string text;
  std::size_t cursor = 0;
};

inline AtCursor at_cursor(std::string_view marked, std::string_view mark = "|") {
  const std::size_t cursor = marked.find(mark);
  if (cursor == std::string_view::npos) throw std::invalid_argument("no cursor in: " + std::string(marked));
  return {std::string(marked.substr(0, cursor)) + std::string(marked.substr(cursor + mark.size())), cursor};
}

inline std::string with_cursor(std::string_view text, std::size_t cursor, std::string_view mark = "|") {
  return std::string(text.substr(0, cursor)) + std::string(mark) + std::string(text.substr(cursor));
}

}  // namespace tests

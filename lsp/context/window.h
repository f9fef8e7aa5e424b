// window.h: which part of the document the model sees: lines before the cursor's line, the typed part, text after the cursor.
// cursor_window() cuts by bytes (about three a token). The start moves in coarse steps at line starts, so that typing leaves
// it, and with it the engine's kept keys and values, in place. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace lsp {

struct WindowLimits {
  std::size_t prefix_bytes = 3072;
  std::size_t suffix_bytes = 768;
};

// begin <= line_start <= cursor <= suffix_end, all at the start of a character. In a very long line, line_start is a place
// in the line rather than its start.
struct Window {
  std::size_t begin = 0, line_start = 0, cursor = 0, suffix_end = 0;
};

Window cursor_window(std::string_view text, std::size_t cursor, const WindowLimits& limits);

}  // namespace lsp

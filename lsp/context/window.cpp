#include "lsp/context/window.h"

#include <algorithm>

namespace lsp {
namespace {

bool inside_character(std::string_view text, std::size_t at) { return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; }

std::size_t next_character(std::string_view text, std::size_t at) {
  while (inside_character(text, at)) ++at;
  return std::min(at, text.size());
}

std::size_t character_start(std::string_view text, std::size_t at) {
  while (at > 0 && inside_character(text, at)) --at;
  return at;
}

// The lowest multiple of half the limit that leaves at most `limit` bytes before `end`.
std::size_t coarse_start(std::size_t end, std::size_t limit) {
  if (end <= limit) return 0;
  const std::size_t step = std::max<std::size_t>(1, limit / 2);
  return (end - limit + step - 1) / step * step;
}

std::size_t line_start_at(std::string_view text, std::size_t cursor) {
  const std::size_t found = cursor == 0 ? std::string_view::npos : text.find_last_of("\r\n", cursor - 1);
  return found == std::string_view::npos ? 0 : found + 1;
}

std::size_t window_start(std::string_view text, std::size_t end, std::size_t limit) {
  const std::size_t coarse = coarse_start(end, limit);
  if (coarse == 0) return 0;
  const std::size_t newline = text.find('\n', coarse - 1);
  return newline < end ? newline + 1 : next_character(text, coarse);
}

}  // namespace

Window cursor_window(std::string_view text, std::size_t cursor, const WindowLimits& limits) {
  Window window;
  window.cursor = cursor;
  window.line_start = line_start_at(text, cursor);
  if (cursor - window.line_start > limits.prefix_bytes) window.line_start = next_character(text, coarse_start(cursor, limits.prefix_bytes));
  const std::size_t typed = cursor - window.line_start;
  window.begin = window_start(text, window.line_start, limits.prefix_bytes - std::min(typed, limits.prefix_bytes));
  window.begin = std::min(window.begin, window.line_start);
  if (text.size() - cursor <= limits.suffix_bytes) {
    window.suffix_end = text.size();
  } else {
    const std::size_t last = text.rfind('\n', cursor + limits.suffix_bytes);
    window.suffix_end = last != std::string_view::npos && last > cursor ? last : character_start(text, cursor + limits.suffix_bytes);
  }
  return window;
}

}  // namespace lsp

#include "lsp/context/cursor_window.h"

#include <algorithm>

namespace lsp {
namespace {

// A typed part longer than this, or than half the budget, goes into the stable part too, in whole steps.
constexpr std::size_t kLongTyped = 512;
constexpr std::size_t kSteps = 4;

// The first line start at or after `from`, at most `reach` bytes on; else the character at `from` itself.
std::size_t line_start_from(std::string_view text, std::size_t from, std::size_t reach) {
  if (from == 0) return 0;
  const std::size_t start = snap_to_character(text, from);
  const std::size_t end = text.substr(0, std::min(text.size(), start + reach)).find_first_of("\r\n", start ? start - 1 : 0);
  if (end == std::string_view::npos) return start;
  return std::min(after_line_end(text, end), text.size());
}

// Where the window begins: 0 while everything fits, then a line start that moves in steps.
std::size_t window_begin(std::string_view text, std::size_t line_begin, std::size_t budget) {
  if (line_begin <= budget) return 0;
  const std::size_t step = std::max<std::size_t>(1, budget / kSteps);
  const std::size_t least = line_begin - budget;
  const std::size_t stepped = std::min((least + step - 1) / step * step, line_begin);
  return std::min(line_start_from(text, stepped, step), line_begin);
}

}  // namespace

bool rest_is_replaceable(std::string_view rest) {
  return rest.find_first_not_of(" \t)]}>\"'`;:,{") == std::string_view::npos;
}

std::size_t after_begin(const Surroundings& around) {
  const std::size_t rest_begin = around.selected ? around.selected->end : around.cursor;
  return rest_is_replaceable(around.rest) ? around.line.end : rest_begin;
}

Window cut_window(std::string_view text, const Surroundings& around, WindowBudget budget) {
  Window window;
  std::string_view typed = around.typed;
  std::size_t line_begin = around.line.begin;
  std::string long_start;  // the part of a very long line that counts as "before"
  const std::size_t long_typed = std::max<std::size_t>(2, std::min(kLongTyped, budget.before / 2));
  if (typed.size() > long_typed) {
    const std::size_t cut = snap_to_character(typed, typed.size() / long_typed * long_typed - long_typed / 2);
    long_start = typed.substr(0, cut);
    typed = typed.substr(cut);
  }
  window.typed = typed;

  if (long_start.size() >= budget.before) {  // the line alone is more than fits
    const std::size_t begin = window_begin(long_start, long_start.size(), budget.before);
    window.before = long_start.substr(begin);
    window.skipped = line_begin + begin;
  } else {
    const std::size_t begin = window_begin(text, line_begin, budget.before - long_start.size());
    window.before = with_plain_line_ends(text.substr(begin, line_begin - begin)) + long_start;
    window.skipped = begin;
  }

  window.typed_begin = line_begin + long_start.size();
  const std::size_t after = after_begin(around);
  const std::size_t end = snap_to_character(text, std::min(text.size(), after + budget.after));
  window.after_begin = after, window.after_end = std::max(end, after);
  window.after = with_plain_line_ends(text.substr(after, window.after_end - after));
  return window;
}

}  // namespace lsp

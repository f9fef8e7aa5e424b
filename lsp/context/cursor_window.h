// cursor_window.h: the part of a document that a model sees, cut so that typing leaves most of it unchanged.
// cut_window() with a budget in bytes. The window starts at a line start that moves in steps of a quarter of the budget, so the
// prompt of the next keystroke starts with the same bytes and the engine's cache of keys and values stays good.
// Pure. Line ends come out as "\n". Never longer than the budgets, however long a line is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lsp/context/surroundings.h"

namespace lsp {

struct WindowBudget {
  std::size_t before = 0, after = 0;  // bytes
};

struct Window {
  std::string before;  // up to the start of the cursor's line (of its last piece, where the line is very long)
  std::string typed;   // from there to the cursor
  std::string after;   // from the cursor, or from its line's end where the rest of the line is punctuation that will be replaced
  std::size_t skipped = 0;  // bytes of the document before the window
  std::size_t typed_begin = 0;                 // where in the document `typed` begins
  std::size_t after_begin = 0, after_end = 0;  // what `after` is of it
};

// Whether the rest of the cursor's line is nothing but closing brackets, quotes and punctuation: what editors put there by
// themselves, and what a completed line will have again.
bool rest_is_replaceable(std::string_view rest);

// Where in the document a window's `after` begins.
std::size_t after_begin(const Surroundings& around);

Window cut_window(std::string_view text, const Surroundings& around, WindowBudget budget);

}  // namespace lsp

// join_rest.h: a suggestion in the middle of a line, joined to what stands after the cursor so that nothing is doubled.
// Editors show a suggestion in the middle of a line only if it replaces the rest of the line and writes it again, so
// join_rest() gives the whole new line from the cursor on; the caller replaces up to the line's end (less trailing blanks).
// Pure. Every character of `rest` is in the result, in order.
#pragma once

#include <string>
#include <string_view>

namespace lsp {

struct JoinInput {
  std::string_view text;   // the suggestion, from the cursor on
  std::string_view typed;  // the line before the cursor
  std::string_view rest;   // the line after the cursor, without trailing blanks
  bool rest_seen = true;   // the model was shown the rest: what it wrote is meant to stand before it
};

struct Joined {
  std::string text;      // to write in place of `rest`
  std::size_t kept = 0;  // bytes at its end that stand there already and did not move
  bool fits = true;      // false: the text and the code after the cursor have nothing to do with each other
};

Joined join_rest(const JoinInput& input);

}  // namespace lsp

#include "lsp/completion/post/suffix_overlap.h"

#include <string>

namespace lsp {
namespace {

char opener_of(char closer) {
  switch (closer) {
    case ')': return '(';
    case ']': return '[';
    case '}': return '{';
    default: return 0;
  }
}

// Everything but brackets that the text opens and closes itself: what may stand for text after the cursor.
std::string unmatched(std::string_view text) {
  std::string left;
  std::string open;
  for (const char c : text) {
    if (c == '(' || c == '[' || c == '{') open += c;
    else if (opener_of(c) && !open.empty() && open.back() == opener_of(c)) open.pop_back();
    else left += c;
  }
  return left;
}

}  // namespace

std::size_t suffix_overlap(std::string_view text, std::string_view rest) {
  const std::string free = unmatched(text);
  std::size_t at = 0, covered = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == ' ' || rest[i] == '\t') continue;
    const std::size_t found = free.find(rest[i], at);
    if (found == std::string::npos) break;
    at = found + 1;
    covered = i + 1;
  }
  return covered;
}

}  // namespace lsp

#include "lsp/completion/post/balance_brackets.h"

#include "lsp/completion/post/brackets.h"
#include "lsp/context/lines.h"

namespace lsp {

std::string balance_brackets(std::string_view text, const Surroundings& around) {
  std::string before;
  for (auto line = around.above.rbegin(); line != around.above.rend(); ++line) (before += *line) += '\n';
  before += around.typed;
  const Brackets opened = scan_brackets(before);
  if (!opened.closers.empty()) return std::string(text);  // the view begins inside a bracket, or the guess is wrong
  std::string open = opened.open;
  for (const Closer& closer : scan_brackets(text, opened.quote).closers) {
    if (closer.mark == opened.quote) continue;
    if (open.empty() || open.back() != closer.mark) return std::string(trimmed_end(text.substr(0, closer.at)));
    open.pop_back();
  }
  return std::string(text);
}

}  // namespace lsp

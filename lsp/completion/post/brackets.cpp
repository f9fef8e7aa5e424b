#include "lsp/completion/post/brackets.h"

#include "lsp/context/lines.h"

namespace lsp {
namespace {

char closing(char open) { return open == '(' ? ')' : open == '[' ? ']' : open == '{' ? '}' : '\0'; }
bool is_closing(char c) { return c == ')' || c == ']' || c == '}'; }

// An apostrophe and a Rust lifetime are no strings.
bool opens_string(std::string_view code, std::size_t at) {
  if (code[at] == '"' || code[at] == '`') return true;
  return code[at] == '\'' && (at == 0 || (!is_word_char(code[at - 1]) && code[at - 1] != '&' && code[at - 1] != '<'));
}

}  // namespace

Brackets scan_brackets(std::string_view code, char quote) {
  Brackets out{.quote = quote};
  bool quote_is_outer = quote != 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (out.quote) {
      if (c == '\\') ++i;
      else if (c == '\n' && out.quote != '`') out.quote = 0, quote_is_outer = false;
      else if (c == out.quote) {
        if (quote_is_outer) out.closers.push_back({i, c});
        out.quote = 0, quote_is_outer = false;
      }
    } else if (opens_string(code, i)) {
      out.quote = c;
    } else if (const char close = closing(c)) {
      out.open += close;
    } else if (is_closing(c)) {
      if (out.open.empty()) out.closers.push_back({i, c});
      else if (out.open.back() == c) out.open.pop_back();
    }
  }
  return out;
}

}  // namespace lsp

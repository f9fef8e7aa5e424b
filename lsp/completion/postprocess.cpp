#include "lsp/completion/postprocess.h"

#include <algorithm>

#include "lsp/completion/lines.h"
#include "lsp/completion/post/drop_suffix_lines.h"
#include "lsp/completion/post/reject_noise.h"
#include "lsp/completion/post/suffix_overlap.h"

namespace lsp {
namespace {

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

}  // namespace

std::expected<Edit, std::string_view> postprocess(std::string text, std::string_view document, std::size_t cursor) {
  std::erase_if(text, [](char c) { return c == '\0' || c == '\r'; });  // NUL breaks editors' JSON; line ends come back below
  const std::string_view rest = line_after(document, cursor), typed = line_before(document, cursor);
  const std::string below = with_newlines(document.substr(std::min(cursor + rest.size() + 1, document.size()), 16384));
  text = drop_suffix_lines(std::move(text), below);
  if (blank(rest) || text.ends_with('\n')) text = std::string(trimmed_end(text));
  if (const auto noise = noise_in(text, typed, previous_line(document, cursor))) return std::unexpected(*noise);

  const std::size_t covered = suffix_overlap(text, rest);
  if (covered > 0 && trimmed(text) == trimmed(rest.substr(0, covered))) return std::unexpected("it is what stands after the cursor");
  if (uses_crlf(document)) text = with_crlf(text);
  return Edit{cursor, cursor + covered, std::move(text)};
}

}  // namespace lsp

#include "lsp/completion/post/clean_text.h"

#include "lsp/context/lines.h"

namespace lsp {

std::string clean_text(std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\r') continue;
    const bool replacement = text.substr(i, 3) == "\xEF\xBF\xBD";  // U+FFFD: half a character was written
    if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7F || replacement) break;
    clean += text[i];
  }
  clean.resize(trimmed_end(clean).size());
  return clean;
}

}  // namespace lsp

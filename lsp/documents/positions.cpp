#include "lsp/documents/positions.h"

#include <algorithm>

#include "base/utf8.h"

namespace lsp {
namespace {

std::size_t units(const base::Utf8Char& character, PositionEncoding encoding) {
  switch (encoding) {
    case PositionEncoding::Utf8: return character.length;
    case PositionEncoding::Utf16: return character.code_point > 0xFFFF ? 2 : 1;
    case PositionEncoding::Utf32: return 1;
  }
  return 1;
}

}  // namespace

std::size_t LineIndex::line_of(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

std::size_t LineIndex::line_end(std::string_view text, std::size_t line) const {
  if (line + 1 >= starts_.size()) return text.size();
  std::size_t end = starts_[line + 1];
  if (end > starts_[line] && text[end - 1] == '\n') --end;
  if (end > starts_[line] && text[end - 1] == '\r') --end;
  return end;
}

std::size_t LineIndex::offset(std::string_view text, LineColumn place, PositionEncoding encoding) const {
  if (place.line >= lines()) return text.size();
  const std::size_t end = line_end(text, place.line);
  std::size_t at = line_begin(place.line), left = place.column;
  while (at < end && left > 0) {
    const auto character = base::decode_at(text, at);
    const std::size_t width = units(character, encoding);
    if (width > left) break;
    left -= width;
    at += character.length;
  }
  return at;
}

LineColumn LineIndex::place(std::string_view text, std::size_t offset, PositionEncoding encoding) const {
  offset = std::min(offset, text.size());
  const std::size_t line = line_of(offset);
  offset = std::min(offset, line_end(text, line));
  std::size_t column = 0;
  for (std::size_t at = line_begin(line); at < offset;) {
    const auto character = base::decode_at(text, at);
    if (at + character.length > offset) break;
    column += units(character, encoding);
    at += character.length;
  }
  return {line, column};
}

void LineIndex::rebuild_from(std::string_view text, std::size_t offset) {
  // One character back: a \n put right behind a \r turns two line ends into one.
  const std::size_t from = starts_[line_of(offset > 0 ? offset - 1 : 0)];
  starts_.erase(std::upper_bound(starts_.begin(), starts_.end(), from), starts_.end());
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] == '\n' || (text[at] == '\r' && (at + 1 == text.size() || text[at + 1] != '\n')))
      starts_.push_back(at + 1);
  }
}

}  // namespace lsp

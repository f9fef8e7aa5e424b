#include "lsp/documents/document.h"

#include <utility>

namespace lsp {

Document::Document(std::string uri, std::string language_id, std::int64_t version, std::string text)
    : uri_(std::move(uri)), language_id_(std::move(language_id)), version_(version), text_(std::move(text)), lines_(text_) {}

void Document::apply(const Edit& edit, PositionEncoding encoding) {
  shared_.reset();
  if (!edit.span) {
    text_ = edit.text;
    lines_ = LineIndex(text_);
    return;
  }
  std::size_t begin = lines_.offset(text_, edit.span->begin, encoding);
  std::size_t end = lines_.offset(text_, edit.span->end, encoding);
  if (end < begin) std::swap(begin, end);
  text_.replace(begin, end - begin, edit.text);
  lines_.rebuild_from(text_, begin);
}

void Document::apply(std::span<const Edit> edits, std::int64_t version, PositionEncoding encoding) {
  for (const Edit& edit : edits) apply(edit, encoding);
  version_ = version;
}

Snapshot Document::snapshot() const {
  if (!shared_) shared_ = std::make_shared<const std::string>(text_);
  return {uri_, language_id_, version_, shared_};
}

}  // namespace lsp

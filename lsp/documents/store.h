// store.h: the files the editor has open, by the name it gives them.
// open(), change() and close() follow the editor; find() is nullptr for a file that is not open.
// Owned by the main loop; readers elsewhere get snapshots.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "lsp/documents/document.h"

namespace lsp {

class DocumentStore {
 public:
  explicit DocumentStore(PositionEncoding encoding = PositionEncoding::Utf16) : encoding_(encoding) {}

  // Opening what is open replaces it: the editor's text is always the right one.
  void open(std::string uri, std::string language_id, std::int64_t version, std::string text);
  // Edits in order, each on what the one before left. Errors: the file is not open.
  base::Result<void> change(const std::string& uri, std::int64_t version, std::span<const Edit> edits);
  base::Result<void> close(const std::string& uri);

  const Document* find(const std::string& uri) const;
  std::size_t size() const { return documents_.size(); }

  PositionEncoding encoding() const { return encoding_; }
  void agree_on(PositionEncoding encoding) { encoding_ = encoding; }  // before anything is opened

 private:
  PositionEncoding encoding_;
  std::unordered_map<std::string, Document> documents_;
};

}  // namespace lsp

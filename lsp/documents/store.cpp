#include "lsp/documents/store.h"

#include <utility>

namespace lsp {
namespace {

std::unexpected<base::Error> not_open(const std::string& uri) {
  return base::fail(base::ErrorCode::InvalidInput, "the document '{}' is not open", uri);
}

}  // namespace

void DocumentStore::open(std::string uri, std::string language_id, std::int64_t version, std::string text) {
  Document document(uri, std::move(language_id), version, std::move(text));
  documents_.insert_or_assign(std::move(uri), std::move(document));
}

base::Result<void> DocumentStore::change(const std::string& uri, std::int64_t version, std::span<const Edit> edits) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return not_open(uri);
  found->second.apply(edits, version, encoding_);
  return {};
}

base::Result<void> DocumentStore::close(const std::string& uri) {
  if (documents_.erase(uri) == 0) return not_open(uri);
  return {};
}

const Document* DocumentStore::find(const std::string& uri) const {
  const auto found = documents_.find(uri);
  return found == documents_.end() ? nullptr : &found->second;
}

}  // namespace lsp

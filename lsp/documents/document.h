// document.h: one open file: its text as the editor has it, kept in step edit by edit.
// apply() the editor's changes in order; snapshot() for anyone who reads, on any thread.
// Used on the main loop only. Holds well-formed UTF-8 (what comes in must be).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lsp/documents/positions.h"
#include "lsp/documents/snapshot.h"

namespace lsp {

struct Span {
  LineColumn begin, end;
};

struct Edit {
  std::optional<Span> span;  // absent: the whole text
  std::string text;
};

class Document {
 public:
  Document(std::string uri, std::string language_id, std::int64_t version, std::string text);

  // Edits in order, each on what the one before left; then the document is at `version`.
  // A span that runs backwards is taken the right way round; places past the end are the end.
  void apply(std::span<const Edit> edits, std::int64_t version, PositionEncoding encoding);

  std::string_view text() const { return text_; }
  const LineIndex& lines() const { return lines_; }
  std::int64_t version() const { return version_; }

  Snapshot snapshot() const;  // copies the text once a change

 private:
  void apply(const Edit& edit, PositionEncoding encoding);

  std::string uri_, language_id_;
  std::int64_t version_;
  std::string text_;
  LineIndex lines_;
  mutable std::shared_ptr<const std::string> shared_;  // the text as readers hold it; empty after a change
};

}  // namespace lsp

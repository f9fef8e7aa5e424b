// snapshot.h: a document as it was at one version; what every reader of text is given.
// Copying is cheap (the text is shared); immutable, so any thread may read it while the editor types on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lsp {

// What a reader sees above and below a document: a notebook's other cells.
struct Neighbours {
  std::string above, below;  // to be put right before and after its text
};

struct Snapshot {
  std::string uri;          // as the editor names it
  std::string language_id;  // as the editor names it ("cpp", "python"); empty when unknown
  std::int64_t version = 0;
  std::shared_ptr<const std::string> content;  // well-formed UTF-8, line ends as in the file
  std::shared_ptr<const Neighbours> neighbours{};  // of a notebook's cell

  std::string_view text() const { return content ? std::string_view(*content) : std::string_view(); }
};

}  // namespace lsp

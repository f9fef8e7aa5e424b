// popup_item.h: a suggestion as an entry of the editor's completion menu.
// popup_item() gives text and place such that VS Code, Neovim, Helix and eglot all show it and insert it whole: from the start
// of the word at the cursor, with that word's letters first in label and filter text.
// Pure. nullopt where nothing would be inserted or a menu could not show it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lsp/completion/pipeline.h"
#include "lsp/protocol/types.h"

namespace lsp {

struct PopupItem {
  Span span;
  std::string text;   // what stands at `span` afterwards
  std::string label;  // its first line
  // The text without the cursor's line's indentation before its other lines, where all have it: editors that take snippets add it
  // themselves.
  std::optional<std::string> unindented;
};

std::optional<PopupItem> popup_item(const Suggestion& suggestion, const Query& query, PositionEncoding encoding);

std::string snippet_escaped(std::string_view text);  // $ } and backslash, as snippets ask

}  // namespace lsp

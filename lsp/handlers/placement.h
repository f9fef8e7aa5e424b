// placement.h: from the pipeline's suggestion, in bytes, to the item an editor shows, in its own positions.
// Editors differ in which range they draw well; range_style() knows them by name, place_item() does the arithmetic.
// Pure. nullopt for a suggestion that no editor could show.
#pragma once

#include <optional>
#include <string_view>

#include "lsp/completion/pipeline.h"
#include "lsp/protocol/types.h"

namespace lsp {

enum class RangeStyle {
  FromCursor,     // insert at the cursor: Neovim, Emacs, and whoever is not known
  FromLineStart,  // replace the whole line up to the cursor, typed text included: VS Code, where anything less flickers
};

RangeStyle range_style(std::string_view client_name);

// Neovim's lines hold no line ends, whatever the file has: a \r\n of ours would leave a ^M in the text.
bool wants_plain_line_ends(std::string_view client_name);

std::optional<InlineItem> place_item(const Suggestion& suggestion, const Query& query, RangeStyle style,
                                     PositionEncoding encoding);

}  // namespace lsp

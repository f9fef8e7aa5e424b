// trigger.h: whether a suggestion helps at this place, and how much of one.
// classify() looks only at the lines around the cursor. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace lsp {

enum class Trigger {
  None,
  SingleLine,  // the rest of this line
  MultiLine,   // a block: the line opens one, or the user asked
};

struct TriggerDecision {
  Trigger trigger = Trigger::None;
  std::string_view why;  // one phrase for --explain
};

// `asked`: the user asked explicitly, or chose a popup item: only an empty document is refused.
TriggerDecision classify(std::string_view text, std::size_t cursor, bool asked);

}  // namespace lsp

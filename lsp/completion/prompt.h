// prompt.h: the document's window as the ids that this model wants.
// build_prompt() orders the parts so that typing changes only the end: with a fill-in-the-middle model the typed part of the
// cursor's line stands after the middle marker (PRE lines SUF suffix MID typed), so a keystroke costs a token or two.
// Token healing: the last token before the cursor is taken back, and generation must begin with its bytes (`forced`).
// Pure; user text never becomes a special token.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lsp/completion/model.h"
#include "lsp/context/window.h"

namespace lsp {

struct Prompt {
  std::vector<tokenizer::TokenId> ids;
  std::string forced;  // what the generated text must start with; not part of the suggestion
  std::string layout;  // "prefix", or the fill-in-the-middle family
};

Prompt build_prompt(std::string_view text, const Window& window, const Model& model);

// A prompt as people read it, special tokens spelled out.
std::string prompt_text(const Prompt& prompt, const Model& model);

}  // namespace lsp

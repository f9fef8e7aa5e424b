// prompt.h: the token ids a model is asked with: the window around the cursor in the layout the model knows.
// build_prompt() cuts the window to the token budgets, encodes it with special tokens off, and cuts back half a word
// (healing.h). With fill-in-the-middle the cursor's line follows the middle marker, so a keystroke changes only the end.
// Pure in its inputs.
#pragma once

#include <string>
#include <vector>

#include "lsp/completion/model.h"
#include "lsp/completion/pipeline.h"
#include "lsp/completion/settings.h"
#include "lsp/context/anchors.h"
#include "lsp/context/surroundings.h"

namespace lsp {

struct Prompt {
  std::vector<tokenizer::TokenId> ids;
  std::string owed;    // bytes before the cursor that the model writes again
  std::string layout;  // "prefix", or the FIM family
  // The text before the first token to write, where the prompt is not just that: what it is looked up by in the workspace.
  std::vector<tokenizer::TokenId> text_before{};
};

// Errors: a model whose context has no room for the shortest prompt. With `anchors` the window of the document's last prompt is
// used again where it still fits, and else the new one is kept there.
base::Result<Prompt> build_prompt(const Snapshot& document, const Surroundings& around, const Model& model,
                                  const CompletionSettings& settings, Anchors* anchors = nullptr);

// What every prompt near the start of the file begins with; empty where a model's prompts begin with what follows the cursor.
std::vector<tokenizer::TokenId> opening_ids(const Snapshot& document, const Model& model, const CompletionSettings& settings);

}  // namespace lsp

// prompt.h: the token ids a model is asked with: the window around the cursor in the layout the model knows.
// build_prompt() cuts the window to the token budgets, encodes it with special tokens off, and cuts back half a word
// (healing.h). With fill-in-the-middle the cursor's line follows the middle marker, so a keystroke changes only the end.
// Pure in its inputs.
#pragma once

#include <memory>
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
  std::vector<tokenizer::TokenId> text_after{};  // the first tokens of what stands behind what is to be written; empty: nothing does
};

// What other files hold: the workspace in the model's ids, and how its files are called.
struct OtherFiles {
  const engine::NgramIndex& workspace;
  const DocumentPaths& paths;
  std::shared_ptr<const OtherCode> shown = nullptr;  // of them, before: what is still similar stays. Null: what the anchors keep
};

// Errors: a model whose context has no room for the shortest prompt. With `anchors` the window of the document's last prompt is
// used again where it still fits, and else the new one is kept there. With `others` and completion.contextTokens the most similar
// code of other files stands before it, as the model's repository form has it.
base::Result<Prompt> build_prompt(const Snapshot& document, const Surroundings& around, const Model& model,
                                  const CompletionSettings& settings, Anchors* anchors = nullptr, const OtherFiles* others = nullptr);

// What every prompt near the start of the file begins with; empty where a model's prompts begin with what follows the cursor. With `files`
// other code like the file's beginning is a part of it, and `anchors` keep that, so that what is still similar at the cursor stays.
std::vector<tokenizer::TokenId> opening_ids(const Snapshot& document, const Model& model, const CompletionSettings& settings,
                                            const OtherFiles* files = nullptr, Anchors* anchors = nullptr);

}  // namespace lsp

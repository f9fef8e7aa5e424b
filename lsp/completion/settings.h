// completion/settings.h: what a user may change about suggestions; declared once, read by every front end.
#pragma once

#include <string>
#include <string_view>

#include "base/settings.h"

namespace lsp {

struct CompletionSettings {
  bool enabled = true;
  base::Switches languages = {{"*", true}};  // by the editor's names
  std::string popup = "auto";
  int popup_wait_ms = 0;
  int max_tokens = 64;
  int max_lines = 12;
  int prefix_tokens = 1024;
  int suffix_tokens = 256;
  int context_tokens = 512;
  double temperature = 0;
  int beams = 0;
  double copy_confidence = 0.25;
  bool mix_workspace = true;
};

// Whether suggestions are wanted in files of this language.
inline bool wanted_in(const CompletionSettings& settings, std::string_view language) {
  auto found = settings.languages.find(std::string(language));
  if (found == settings.languages.end()) found = settings.languages.find("*");
  return found == settings.languages.end() || found->second;
}

template <class Visitor>
void visit(CompletionSettings& s, Visitor&& field) {
  field(s.enabled, "completion.enabled", base::Bounds{}, "Whether suggestions are made at all.");
  field(s.languages, "completion.languages", base::Bounds{}, "Suggestions by language, as the editor names it: {\"*\": true, \"markdown\": false}.");
  field(s.popup, "completion.popup", base::Choices{"auto", "on", "off"}, "Suggestions in the editor's completion menu; auto: only where the editor has no inline suggestions.");
  field(s.popup_wait_ms, "completion.popupWaitMs", base::Bounds{0, 5000}, "How long the completion menu may wait for a suggestion; 0 shows only what is ready.");
  field(s.max_tokens, "completion.maxTokens", base::Bounds{1, 1024}, "Longest suggestion, in tokens.");
  field(s.max_lines, "completion.maxLines", base::Bounds{1, 200}, "Longest suggestion, in lines.");
  field(s.prefix_tokens, "completion.prefixTokens", base::Bounds{16, 131072}, "Tokens before the cursor that the model sees.");
  field(s.suffix_tokens, "completion.suffixTokens", base::Bounds{0, 131072}, "Tokens after the cursor that the model sees, where it can fill in the middle.");
  field(s.context_tokens, "completion.contextTokens", base::Bounds{0, 131072}, "Tokens of other files' code, the most similar of the workspace, that the model sees before the document's own, where its context has room beside prefixTokens; 0: none.");
  field(s.temperature, "completion.temperature", base::Bounds{0, 2}, "0 always takes the likeliest token; higher values vary.");
  field(s.beams, "completion.beams", base::Bounds{0, 16}, "How many answers for a line are followed side by side, of which the likeliest that fits before the next line is shown; 1: the likeliest token each time; 0: 4 where the model is small, else 1.");
  field(s.copy_confidence, "completion.copyConfidence", base::Bounds{0, 1}, "Without a model: how sure copying must be of a suggestion before it is shown unasked.");
  field(s.mix_workspace, "completion.mixWorkspace", base::Bounds{}, "Whether what the workspace says comes next counts beside what the model says.");
}

}  // namespace lsp

// completion/settings.h: what a user may change about suggestions; declared once, read by every front end.
#pragma once

#include "base/settings.h"

namespace lsp {

struct CompletionSettings {
  bool enabled = true;
  int max_tokens = 64;
  int max_lines = 12;
  int prefix_tokens = 1024;
  int suffix_tokens = 256;
  double temperature = 0;
};

template <class Visitor>
void visit(CompletionSettings& s, Visitor&& field) {
  field(s.enabled, "completion.enabled", base::Bounds{}, "Whether suggestions are made at all.");
  field(s.max_tokens, "completion.maxTokens", base::Bounds{1, 1024}, "Longest suggestion, in tokens.");
  field(s.max_lines, "completion.maxLines", base::Bounds{1, 200}, "Longest suggestion, in lines.");
  field(s.prefix_tokens, "completion.prefixTokens", base::Bounds{16, 131072}, "Tokens before the cursor that the model sees.");
  field(s.suffix_tokens, "completion.suffixTokens", base::Bounds{0, 131072}, "Tokens after the cursor that the model sees, where it can fill in the middle.");
  field(s.temperature, "completion.temperature", base::Bounds{0, 2}, "0 always takes the likeliest token; higher values vary.");
}

}  // namespace lsp
